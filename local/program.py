"""What the Pulumi CLI would set up for the program before it runs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PROJECT: Final = "toq-media"


@contextmanager
def program_runtime(root: Path) -> Iterator[None]:
    """Environment and import path of a program, undone afterwards.

    Without PULUMI_ERROR_OUTPUT_STRING an Output in an f-string becomes a sentence in a name.
    """
    variable = "PULUMI_ERROR_OUTPUT_STRING"
    before, path = os.environ.get(variable), list(sys.path)
    os.environ[variable] = "true"
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path[:] = path
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before
