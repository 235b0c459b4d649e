"""Why a command ends without having done its work; the text names the way out."""

from __future__ import annotations


class OpsError(Exception):
    """What was asked for cannot be done: bad input, no access, or a state that forbids it."""

    exit_code = 2


class NotThereError(OpsError):
    """What was asked about does not exist."""

    exit_code = 1
