"""What an execution's history tells: where it is, how callbacks went, what failed last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.causes import cause_text

CALLBACK_STATES = frozenset({"FinalizeAndCallback", "ValidationFailed", "ReportFailure"})
"""States of both machines that call the backend."""

_FAILURES = ("TaskFailed", "TaskTimedOut", "TaskSubmitFailed", "TaskStartFailed")
_ENDS = ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Reading of a history.

    Attributes:
        states: States that were entered and not left.
        callback_attempts: Calls of the callback function by the machine.
        callback_error: Why the last of them failed; empty when it did not.
        last_error: Last failure of a task, else what the execution itself ended with.
    """

    states: list[str]
    callback_attempts: int
    callback_error: str
    last_error: str


def read_history(events: Sequence[Mapping[str, Any]]) -> Progress:
    """Read events in the order in which they happened.

    A history that begins in the middle is read as far as it goes.
    """
    entered: Counter[str] = Counter()
    attempts, callback_error, last_error, calling = 0, "", "", False
    for event in events:
        kind = event["type"]
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            entered[name] += 1
            calling = name in CALLBACK_STATES
        elif "stateExitedEventDetails" in event:
            name = event["stateExitedEventDetails"]["name"]
            entered[name] -= 1
            calling = calling and name not in CALLBACK_STATES
        elif kind == "TaskScheduled" and calling:
            attempts, callback_error = attempts + 1, ""
        elif kind in _FAILURES:
            last_error = _error_of(event)
            callback_error = last_error if calling else callback_error
        elif kind in _ENDS:
            last_error = last_error or _error_of(event)
    ended = any(event["type"].startswith("Execution") for event in events[-1:])
    return Progress(
        states=[] if ended else [name for name, count in entered.items() if count > 0],
        callback_attempts=attempts,
        callback_error=callback_error,
        last_error=last_error,
    )


def _error_of(event: Mapping[str, Any]) -> str:
    """`Error: cause` of a failure; AWS keeps them under a name made of the event's type."""
    kind = event["type"]
    details = event.get(f"{kind[0].lower()}{kind[1:]}EventDetails", {})
    parts = (details.get("error") or kind, cause_text(details.get("cause", "")))
    return ": ".join(part for part in parts if part)
