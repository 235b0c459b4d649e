"""Histories as AWS tells them, read for an operator."""

from __future__ import annotations

from typing import Any

from ops.history import read_history


def entered(name: str) -> dict[str, Any]:
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name}}


def exited(name: str) -> dict[str, Any]:
    return {"type": "TaskStateExited", "stateExitedEventDetails": {"name": name}}


def failed(error: str, cause: str = "") -> dict[str, Any]:
    return {"type": "TaskFailed", "taskFailedEventDetails": {"error": error, "cause": cause}}


SCHEDULED = {"type": "TaskScheduled"}
SUCCEEDED = {"type": "TaskSucceeded"}


def test_states_that_were_entered_and_not_left() -> None:
    events = [
        entered("ValidateRawAssets"),
        exited("ValidateRawAssets"),
        entered("MakeRenditions"),
        entered("TranscodeVideo"),
        exited("MakeRenditions"),
    ]
    assert read_history(events).states == ["TranscodeVideo"]


def test_an_ended_execution_is_nowhere() -> None:
    events = [entered("TranscodeVideo"), {"type": "ExecutionAborted"}]
    read = read_history(events)
    assert read.states == []
    assert read.last_error == "ExecutionAborted"


def test_each_call_of_the_callback_function_is_an_attempt() -> None:
    events = [
        entered("MakeRenditions"),
        SCHEDULED,
        exited("MakeRenditions"),
        entered("FinalizeAndCallback"),
        SCHEDULED,
        failed("CallbackUnavailableError", '{"errorMessage": "the backend answered 503"}'),
        SCHEDULED,
    ]
    read = read_history(events)
    assert read.callback_attempts == 2
    assert read.callback_error == "", "the last one has not failed yet"
    assert read.last_error == "CallbackUnavailableError: the backend answered 503"


def test_the_error_of_the_last_attempt() -> None:
    events = [
        entered("ReportFailure"),
        SCHEDULED,
        failed("CallbackRejectedError", "no JSON"),
        exited("ReportFailure"),
        entered("CallbackUndelivered"),
        SCHEDULED,
        SUCCEEDED,
        {
            "type": "ExecutionFailed",
            "executionFailedEventDetails": {"error": "MediaProcessingFailed", "cause": "see DLQ"},
        },
    ]
    read = read_history(events)
    assert read.callback_attempts == 1
    assert read.callback_error == "CallbackRejectedError: no JSON"
    assert read.last_error == read.callback_error, "not the general word of the Fail state"


def test_a_history_that_begins_in_the_middle() -> None:
    read = read_history([exited("ParallelProcessing"), entered("ConsolidateResults")])
    assert read.states == ["ConsolidateResults"]
