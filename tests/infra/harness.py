"""The recorded program of each stack, run once and shared.

Asserts belong outside the program, on the plain values of `Recorded`: one in `apply` may never run.
"""

from __future__ import annotations

from functools import cache

from components.functions.bundle import ROOT
from local import recorder
from local.recorder import KEY_ID, Recorded, RecordingError, Resource, record

__all__ = [
    "KEY_ID",
    "ROOT",
    "STACKS",
    "Recorded",
    "RecordingError",
    "Resource",
    "inventory",
    "record",
    "record_stack",
]

STACKS = ("local", "dev", "staging", "prod")


@cache
def record_stack(stack: str, **changes: str) -> Recorded:
    """The real `__main__.py` with a committed stack's configuration; archives are stand-ins.

    `changes` are configuration keys, as one would set them for a single update.
    """
    return recorder.record_stack(stack, changes=changes)


def inventory(program: Recorded) -> str:
    """Type and name of every resource, one a line: what a review of a change looks at first."""
    return "".join(sorted(f"{item.type} {item.name}\n" for item in program.resources))
