"""What a failed Lambda says, out of what Step Functions keeps of it."""

from __future__ import annotations

import json

MAX_CHARACTERS = 500
"""A cause can be a stack trace of 32 KiB."""


def cause_text(cause: str) -> str:
    """The message inside a Lambda's cause, else the cause itself; shortened."""
    try:
        parsed = json.loads(cause)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        cause = str(parsed.get("errorMessage", cause))
    return cause[:MAX_CHARACTERS]
