"""State machine definitions: rendered strictly, linted, every task with retries and an exit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from statelint.linter import Linter

from components.orchestration import asl
from tests.infra.harness import Recorded, record_stack

MACHINES = ("processing", "finalization")


@pytest.fixture(params=MACHINES)
def definition(request: pytest.FixtureRequest) -> dict[str, Any]:
    return rendered(record_stack("staging"), request.param)


def rendered(program: Recorded, machine: str) -> dict[str, Any]:
    inputs = program.one("aws:sfn/stateMachine:StateMachine", f"workflow-{machine}-machine").inputs
    parsed: dict[str, Any] = json.loads(inputs["definition"])
    return parsed


def states(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        for name, state in node.get("States", {}).items():
            yield name, state
            yield from states(state)
        for branch in node.get("Branches", []):
            yield from states(branch)
        yield from states(node.get("ItemProcessor"))


def tasks(definition: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, state) for name, state in states(definition) if state["Type"] == "Task"]


def test_statelint_finds_nothing(definition: dict[str, Any]) -> None:
    assert Linter.validate(definition) == []


def test_statelint_would_find_something(definition: dict[str, Any]) -> None:
    assert Linter.validate(definition | {"StartAt": "Nowhere"})


def test_no_placeholder_is_left(definition: dict[str, Any]) -> None:
    assert "${" not in json.dumps(definition)


def test_numbers_stay_numbers(definition: dict[str, Any]) -> None:
    assert isinstance(definition["TimeoutSeconds"], int)


def test_states_are_named_as_the_seed_names_them() -> None:
    program = record_stack("staging")

    assert set(rendered(program, "processing")["States"]) >= {
        "ValidateRawAssets",
        "ParallelProcessing",
        "ConsolidateResults",
        "FinalizeAndCallback",
        "ValidationFailed",
        "ReportFailure",
    }
    assert set(rendered(program, "finalization")["States"]) >= {
        "CreateZipBundle",
        "FinalizeAndCallback",
        "ReportFailure",
    }


def test_every_task_retries_with_jitter_and_catches_the_rest(definition: dict[str, Any]) -> None:
    for name, task in tasks(definition):
        assert task["Retry"], name
        for retry in task["Retry"]:
            assert retry["JitterStrategy"] == "FULL", name
            assert 1 <= retry["MaxAttempts"] <= 20, name
            assert retry["MaxDelaySeconds"] <= 120, name
        assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        assert task["TimeoutSeconds"] > 0, name


def test_a_function_s_state_outlives_the_function(staging: Recorded) -> None:
    timeouts = {
        item.inputs["name"]: item.inputs["timeout"]
        for item in staging.of_type("aws:lambda/function:Function")
    }
    checked = 0
    for machine in MACHINES:
        for name, task in tasks(rendered(staging, machine)):
            if task["Resource"] == "arn:aws:states:::lambda:invoke":
                function = task["Parameters"]["FunctionName"].rsplit(":", 1)[1]
                assert task["TimeoutSeconds"] > timeouts[function], name
                checked += 1
    assert checked == 10


def test_lambda_tasks_retry_what_lambda_asks_to_retry(definition: dict[str, Any]) -> None:
    for name, task in tasks(definition):
        if task["Resource"] == "arn:aws:states:::lambda:invoke":
            retried = {error for retry in task["Retry"] for error in retry["ErrorEquals"]}
            assert retried >= {
                "Lambda.ServiceException",
                "Lambda.AWSLambdaException",
                "Lambda.SdkClientException",
                "Lambda.TooManyRequestsException",
            }, name


def test_a_callback_is_retried_for_a_quarter_of_an_hour(definition: dict[str, Any]) -> None:
    task = dict(tasks(definition))["FinalizeAndCallback"]
    retry = next(r for r in task["Retry"] if "CallbackUnavailableError" in r["ErrorEquals"])
    delays = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** n, retry["MaxDelaySeconds"])
        for n in range(retry["MaxAttempts"])
    ]

    # Full jitter draws each delay from zero to its bound: half of it on average.
    assert sum(delays) / 2 >= 15 * 60


def test_a_missing_value_is_named() -> None:
    values = dict.fromkeys(asl.placeholders("finalization"), "x")
    del values["zip_function_arn"]

    with pytest.raises(asl.DefinitionError, match="no value for zip_function_arn"):
        asl.render("finalization", values)


def test_an_unused_value_is_named() -> None:
    values = dict.fromkeys(asl.placeholders("finalization") | {"spare"}, "x")

    with pytest.raises(asl.DefinitionError, match="no placeholder for spare"):
        asl.render("finalization", values)


def test_json_path_and_quotes_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = {"a.$": "$$.Execution.Id", "b": "$.x", "c": "say ${word}", "n": "${number}"}
    (tmp_path / "t.asl.json").write_text(json.dumps(source))
    monkeypatch.setattr(asl, "DEFINITIONS", tmp_path)

    result = json.loads(asl.render("t", {"word": '"quoted"', "number": 7}))

    assert result == {"a.$": "$$.Execution.Id", "b": "$.x", "c": 'say "quoted"', "n": 7}
