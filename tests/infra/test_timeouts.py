"""Time-outs that have to agree: of queue, functions, states and machines."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tests.infra.harness import Recorded, record_stack

TIMED_OUT = {"States.ALL", "States.Timeout", "Sandbox.Timedout"}
LARGEST_JOB_PHOTOS = 2_000
BATCH_MAPS = {"GenerateThumbnails", "CopyDocuments"}


@pytest.fixture(params=["staging", "prod"])
def stack(request: pytest.FixtureRequest) -> Recorded:
    return record_stack(request.param)


def machine(stack: Recorded, name: str) -> dict[str, Any]:
    inputs = stack.one("aws:sfn/stateMachine:StateMachine", f"workflow-{name}-machine").inputs
    parsed: dict[str, Any] = json.loads(inputs["definition"])
    return parsed


def delays(retry: dict[str, Any]) -> float:
    """Most seconds that a Retry can wait altogether."""
    bounds = (
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** n, retry["MaxDelaySeconds"])
        for n in range(retry["MaxAttempts"])
    )
    return float(sum(bounds))


def longest(state: dict[str, Any], name: str, waves: int) -> float:
    """Most seconds of one state: each attempt to its time-out, each wait to its bound.

    What is not a time-out (throttling, a refused call) fails at once, so that only its waits count.
    Batches of the largest job run in `waves`; of videos and others one wave is counted.
    """
    if state["Type"] == "Task":
        slow = [r for r in state["Retry"] if TIMED_OUT & set(r["ErrorEquals"])]
        attempts = 1 + sum(retry["MaxAttempts"] for retry in slow)
        return float(state["TimeoutSeconds"] * attempts + sum(map(delays, state["Retry"])))
    if state["Type"] == "Parallel":
        return max(longest_path(branch, waves) for branch in state["Branches"])
    if state["Type"] == "Map":
        return longest_path(state["ItemProcessor"], waves) * (waves if name in BATCH_MAPS else 1)
    return 0.0


def longest_path(part: dict[str, Any], waves: int, start: str = "") -> float:
    """Most seconds from a state to an end, over all its ways out."""
    name = start or part["StartAt"]
    state = part["States"][name]
    ways = {
        state.get("Next"),
        state.get("Default"),
        *(choice["Next"] for choice in state.get("Choices", [])),
        *(catch["Next"] for catch in state.get("Catch", [])),
    } - {None}
    rest = max((longest_path(part, waves, way) for way in ways if way), default=0.0)
    return longest(state, name, waves) + rest


def test_the_queue_waits_for_six_calls_of_its_consumer(stack: Recorded) -> None:
    """AWS's advice for event source mappings; field note 6."""
    queue = stack.one("aws:sqs/queue:Queue", "messaging-queue").inputs
    consumer = stack.one("aws:lambda/function:Function", "functions-dispatch").inputs
    assert queue["visibilityTimeoutSeconds"] >= 6 * consumer["timeout"]


def test_processing_has_time_for_all_its_parts_and_their_retries(stack: Recorded) -> None:
    validate = stack.one("aws:lambda/function:Function", "functions-validate").inputs
    batch = int(validate["environment"]["variables"]["MAX_BATCH_ASSETS"])
    definition = machine(stack, "processing")
    at_once = definition["States"]["ParallelProcessing"]["Branches"][0]["States"][
        "GenerateThumbnails"
    ]["MaxConcurrency"]
    waves = math.ceil(LARGEST_JOB_PHOTOS / batch / at_once)
    assert waves > 1
    assert definition["TimeoutSeconds"] > longest_path(definition, waves)


def test_finalization_has_time_for_all_its_parts_and_their_retries(stack: Recorded) -> None:
    definition = machine(stack, "finalization")
    assert definition["TimeoutSeconds"] > longest_path(definition, 1)
