"""What the embedded cloud adds to a function's archive to run it as a custom runtime."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

RUNTIME = "provided.al2023"
"""The emulator loses the exception class in its Python runtimes, which Catch and Retry match on."""

_LOOP = Path(__file__).with_name("toq_runtime.py")
# -I and -S: neither the environment, the checkout nor site-packages reach the function.
_BOOTSTRAP = '#!/bin/sh\nexec "$TOQ_PYTHON" -I -S -u "$LAMBDA_TASK_ROOT/toq_runtime.py"\n'
_EXECUTABLE = 0o100755 << 16


def with_runtime(archive: bytes) -> bytes:
    """The archive that would be uploaded, with the Runtime API's loop beside the code."""
    content = io.BytesIO(archive)
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as bundle:
        bootstrap = zipfile.ZipInfo("bootstrap")
        bootstrap.external_attr = _EXECUTABLE
        bundle.writestr(bootstrap, _BOOTSTRAP)
        bundle.writestr(zipfile.ZipInfo("toq_runtime.py"), _LOOP.read_bytes())
    return content.getvalue()
