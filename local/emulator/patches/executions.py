"""Executions as Step Functions runs them: names, time-outs, ends that stay, delays of retries."""

from __future__ import annotations

import contextvars
import json
import random
import re
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions as sfn

from local.emulator.patches.limits import LIMIT_BYTES
from local.emulator.settings import EmulatorSettings

_STATES_WITH_EXECUTION = ("task", "parallel", "map")
USES = (
    "ministack.core.responses:error_response_json",
    "ministack.core.responses:json_response",
    "ministack.core.responses:now_iso",
    *(
        f"ministack.services.stepfunctions:{name}"
        for name in (
            "_start_execution", "_run_execution", "_fail_execution", "_error_matches",
            "_find_matching_retrier", "_scaled_sleep", "_SFN_WAIT_SCALE", "_executions",
            "_state_machines", "_add_event", "_emit_execution_status_event", "_ExecutionError",
        )
    ),
)  # fmt: skip

# AWS, StartExecution: no white space, brackets, wildcards, special or control characters.
_BAD_NAME = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")
_NAME_LENGTH = 80
_ENDED = "Toq.ExecutionEnded"
# States.ALL never catches these (AWS, "Handling errors"); the last one is our own.
_TERMINAL = {"States.DataLimitExceeded", "States.Runtime", _ENDED}

_execution: ContextVar[dict[str, Any] | None] = ContextVar("toq_execution", default=None)
_retry = threading.local()


def install(settings: EmulatorSettings) -> None:  # noqa: ARG001 - patches share one signature
    """Replace what the emulator does differently."""
    sfn._start_execution = _checked_start(sfn._start_execution)
    sfn._run_execution = _timed(sfn._run_execution)
    sfn._fail_execution = _only_while_running(sfn._fail_execution)
    sfn._error_matches = _without_terminal(sfn._error_matches)
    sfn._find_matching_retrier = _remembered(sfn._find_matching_retrier)
    sfn._scaled_sleep = _sleeping_as_declared(sfn._scaled_sleep)
    for kind in _STATES_WITH_EXECUTION:
        name = f"_execute_{kind}"
        setattr(sfn, name, _unless_ended(getattr(sfn, name)))


def execution_ended() -> bool:
    """Whether the execution that this thread works for is over."""
    execution = _execution.get()
    return execution is not None and execution["status"] != "RUNNING"


def _checked_start(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def start(data: dict[str, Any]) -> Any:
        name, given = data.get("name"), data.get("input", "{}")
        if name is not None and (not 1 <= len(name) <= _NAME_LENGTH or _BAD_NAME.search(name)):
            return error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)
        if len(given.encode()) > LIMIT_BYTES:
            message = f"input must have at most {LIMIT_BYTES} bytes"
            return error_response_json("ValidationException", message, 400)
        machine = sfn._state_machines.get(data.get("stateMachineArn", ""))
        for execution in list(sfn._executions.values()) if machine and name else ():
            if (
                execution["name"] == name
                and execution["stateMachineArn"] == data["stateMachineArn"]
                and execution["status"] == "RUNNING"
                and execution["input"] == given
            ):
                arn, date = execution["executionArn"], execution["startDate"]
                return json_response({"executionArn": arn, "startDate": date})
        return original(data)

    return start


def _timed(original: Callable[[str], None]) -> Callable[[str], None]:
    """End an execution after its machine's TimeoutSeconds."""

    def run(arn: str) -> None:
        execution = sfn._executions[arn]
        _execution.set(execution)
        machine = sfn._state_machines.get(execution["stateMachineArn"]) or {"definition": "{}"}
        seconds = json.loads(machine["definition"]).get("TimeoutSeconds")
        if seconds is None:
            original(arn)
            return
        context = contextvars.copy_context()
        timer = threading.Timer(float(seconds), context.run, (_time_out, execution))
        timer.daemon = True
        timer.start()
        try:
            original(arn)
        finally:
            timer.cancel()

    return run


def _time_out(execution: dict[str, Any]) -> None:
    if execution["status"] != "RUNNING":
        return
    execution.update(status="TIMED_OUT", stopDate=now_iso(), error="States.Timeout", cause="")
    details = {"executionTimedOutEventDetails": {"error": "States.Timeout", "cause": ""}}
    sfn._add_event(execution, "ExecutionTimedOut", details)
    sfn._emit_execution_status_event(execution)


def _only_while_running(original: Callable[..., None]) -> Callable[..., None]:
    """A state that fails after the execution was aborted or timed out changes nothing."""

    def fail(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            original(execution, error, cause)

    return fail


def _without_terminal(original: Callable[..., bool]) -> Callable[..., bool]:
    def matches(names: list[str], error: str) -> bool:
        return error in names if error in _TERMINAL else original(names, error)

    return matches


def _unless_ended(original: Callable[..., Any]) -> Callable[..., Any]:
    """No state of a branch begins once the execution has ended."""

    def run(definition: object, given: object, execution: dict[str, Any], ctx: object) -> Any:
        if execution["status"] != "RUNNING":
            raise sfn._ExecutionError(_ENDED, execution["status"])
        return original(definition, given, execution, ctx)

    return run


def _remembered(original: Callable[..., Any]) -> Callable[..., Any]:
    def find(retriers: list[dict[str, Any]], error: str, counts: dict[Any, int]) -> Any:
        retrier, index = original(retriers, error, counts)
        _retry.now = (retrier, counts.get(index, 0)) if retrier else None
        return retrier, index

    return find


def _sleeping_as_declared(original: Callable[[float], None]) -> Callable[[float], None]:
    """Wait as Retry says: with its cap and full jitter, which the emulator ignores."""

    def sleep(seconds: float) -> None:
        now, _retry.now = getattr(_retry, "now", None), None
        if now is not None:
            retrier, count = now
            rate = retrier.get("BackoffRate", 2.0)
            seconds = retrier.get("IntervalSeconds", 1) * rate**count
            seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
            if retrier.get("JitterStrategy") == "FULL":
                seconds = random.uniform(0, seconds)  # noqa: S311 - spreads load, guards nothing
        original(seconds)

    return sleep
