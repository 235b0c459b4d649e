"""The state machines carry what the functions produce and ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.infra.harness import record_stack
from toq_media import contracts, errors

WIRE: dict[str, type[msgspec.Struct]] = {
    "ValidateRawAssets": contracts.ProcessingInput,
    "MakeRenditions": contracts.BatchTask,
    "CopyDocumentBatch": contracts.BatchTask,
    "ConsolidateResults": contracts.ConsolidateTask,
    "ValidationFailed": contracts.FailureTask,
    "ReportFailure": contracts.FailureTask,
    "CreateZipBundle": contracts.FinalizationInput,
    "FinalizeAndCallback": contracts.CallbackTask,
}
"""State to the model that its function checks its input against."""


def machine(name: str) -> dict[str, Any]:
    found = record_stack("staging").of_type("aws:sfn/stateMachine:StateMachine")
    definitions = [r.inputs["definition"] for r in found if name in r.inputs["name"]]
    parsed: dict[str, Any] = json.loads(definitions[0])
    return parsed


def states(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state, those inside Map and Parallel too."""
    for name, state in definition["States"].items():
        yield name, state
        for inner in [
            *state.get("Branches", []),
            *([state["ItemProcessor"]] if "ItemProcessor" in state else []),
        ]:
            yield from states(inner)


def fields(model: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(model)}


def required(model: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(model) if field.required}


@pytest.mark.parametrize("name", ["processing", "finalization"])
def test_payloads_are_what_the_functions_ask_for(name: str) -> None:
    for state_name, state in states(machine(name)):
        payload = state.get("Parameters", {}).get("Payload")
        if state.get("Resource") != "arn:aws:states:::lambda:invoke" or payload is None:
            continue
        given = {key.removesuffix(".$") for key in payload}
        assert required(WIRE[state_name]) <= given <= fields(WIRE[state_name]), state_name


def test_the_map_selects_what_a_batch_asks_for() -> None:
    for name, state in states(machine("processing")):
        if name in {"GenerateThumbnails", "CopyDocuments"}:
            given = {key.removesuffix(".$") for key in state["ItemSelector"]}
            assert given == fields(contracts.BatchTask)


def test_paths_of_the_branches_exist_in_the_validation_result() -> None:
    known = fields(contracts.ValidationResult) | {"branches", "error"}
    parallel = machine("processing")["States"]["ParallelProcessing"]
    for branch in parallel["Branches"]:
        for name, state in branch["States"].items():
            for path in paths(
                {k: v for k, v in state.items() if k not in {"ItemProcessor", "Catch"}}
            ):
                root = path.removeprefix("$.").split(".")[0]
                assert root in known or name.endswith("BranchFailed"), f"{name}: {path}"


def paths(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from paths(item)
    elif isinstance(value, str) and value.startswith("$."):
        yield value


@pytest.mark.parametrize("name", ["processing", "finalization"])
def test_errors_that_are_matched_by_name_exist(name: str) -> None:
    """A class that is renamed in the code must be renamed in the machines."""
    aws = ("States.", "Lambda.", "Sandbox.", "Runtime.", "MediaConvert.", "S3.", "Sqs.", "SQS.")
    ours = set(vars(errors))
    for state_name, state in states(machine(name)):
        for rule in [*state.get("Retry", []), *state.get("Catch", [])]:
            for error in rule["ErrorEquals"]:
                assert error.startswith(aws) or error in ours, f"{state_name}: {error}"


@pytest.mark.parametrize("name", ["processing", "finalization"])
def test_no_state_depends_on_a_traceparent(name: str) -> None:  # field note 39
    for state_name, state in machine(name)["States"].items():
        assert "$.traceparent" not in set(paths(state)), state_name


def test_the_seeds_states_are_there() -> None:
    assert {
        "ValidateRawAssets", "ParallelProcessing", "ConsolidateResults", "FinalizeAndCallback",
        "ValidationFailed", "ReportFailure",
    } <= set(machine("processing")["States"])  # fmt: skip
    assert {"CreateZipBundle", "FinalizeAndCallback", "ReportFailure"} <= set(
        machine("finalization")["States"]
    )
