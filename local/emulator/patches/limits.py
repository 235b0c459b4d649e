"""The 256 KiB that a state may take and give, and how much each really took."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions as sfn

from local.emulator.settings import EmulatorSettings

_STATE_KINDS = ("pass", "task", "choice", "wait", "parallel", "map")
USES = (
    *(f"ministack.services.stepfunctions:_execute_{kind}" for kind in _STATE_KINDS),
    "ministack.services.stepfunctions:_run_sub_machine",
    "ministack.services.stepfunctions:_ExecutionError",
)

LIMIT_BYTES = 256 * 1024  # AWS limit: input or result of a task, state or execution


class StateSizes:
    """Largest input and output of each state, by execution."""

    def __init__(self) -> None:
        self._largest: dict[str, dict[str, dict[str, int]]] = {}
        self._lock = threading.Lock()

    def record(self, execution: str, state: str, side: str, size: int) -> None:
        """Keep the size in bytes when it is the largest so far."""
        with self._lock:
            sides = self._largest.setdefault(execution, {}).setdefault(state, {})
            sides[side] = max(size, sides.get(side, 0))

    def view(self) -> dict[str, dict[str, dict[str, int]]]:
        """A copy: execution ARN -> state -> `input`/`output` -> bytes."""
        with self._lock:
            return json.loads(json.dumps(self._largest))  # type: ignore[no-any-return]


STATE_SIZES = StateSizes()


def size_of(value: object) -> int:
    """Bytes of a state's JSON as AWS counts them (UTF-8)."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def check(value: object, what: str) -> int:
    """Size in bytes of a value that states pass on.

    Raises:
        _ExecutionError: `States.DataLimitExceeded`.
    """
    size = size_of(value)
    if size > LIMIT_BYTES:
        message = f"{what} has {size} bytes; the maximum is {LIMIT_BYTES}"
        raise sfn._ExecutionError("States.DataLimitExceeded", message)
    return size


def install(settings: EmulatorSettings) -> None:  # noqa: ARG001 - patches share one signature
    """Measure around every state; give each branch a context of its own.

    The emulator's branches share one context and overwrite each other's `$$.State` in it.
    """
    for kind in _STATE_KINDS:
        name = f"_execute_{kind}"
        setattr(sfn, name, _measured(getattr(sfn, name)))
    run_branch = sfn._run_sub_machine

    def run_sub_machine(
        states: object, start: object, data: object, execution: object, ctx: dict[str, Any]
    ) -> Any:
        return run_branch(states, start, data, execution, {**ctx})

    sfn._run_sub_machine = run_sub_machine


def _measured(original: Callable[..., tuple[Any, Any]]) -> Callable[..., tuple[Any, Any]]:
    def run(definition: dict[str, Any], given: object, *rest: Any) -> tuple[Any, Any]:
        context = rest[-1]
        execution, state = context["Execution"]["Id"], context["State"]["Name"]
        STATE_SIZES.record(execution, state, "input", check(given, f"the input of {state}"))
        output, following = original(definition, given, *rest)
        STATE_SIZES.record(execution, state, "output", check(output, f"the output of {state}"))
        return output, following

    return run
