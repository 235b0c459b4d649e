"""Ends that no state catches: the backend hears of each once, and never after a success."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.chaos.world import WAIT_SCALE, Job, World, until
from local.receiver import Answer
from tests.faults.conftest import Seen

pytestmark = pytest.mark.local

REPORTED = {"processing": "PROCESSING_FAILED", "finalization": "FINALIZATION_FAILED"}
HELD = {"processing": "thumbnails", "finalization": "zip"}
MACHINES = tuple(REPORTED)


def held(world: World, machine: str) -> Job:
    """A job of a machine that stands still in its work for three seconds."""
    job = world.job(1)
    if machine == "finalization":
        world.send(job)
        world.ended(job)
    hold = {"action": "lambda:InvokeFunction", "match": f"listing-media-{HELD[machine]}-local",
            "status": 0, "delay": 3, "times": 1}  # fmt: skip
    world.cloud.emulator.set_faults([hold])
    if machine == "processing":
        world.send(job)
    else:
        job = world.finalize(job)
    until(lambda: world.cloud.emulator.faults()[0]["struck"] or None, "held function")
    return job


def assert_failure_told_once(world: World, job: Job, error: str) -> None:
    body = world.told(job)
    assert body["status"] == REPORTED[job.machine]
    assert body["error"]["code"] == error
    until(lambda: world.holds(job.files.receipt) or None, "receipt")
    assert world.attempts(job) == 1


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.fault(
    "execution aborted",
    injected="StopExecution while a function works, both machines",
    expected="the failure told once",
)
def test_abort(world: World, seen: Seen, machine: str) -> None:
    job = held(world, machine)
    world.stop(job)
    assert_failure_told_once(world, job, "EXECUTION_ABORTED")
    assert world.ended(job)["status"] == "ABORTED"
    seen(f"ABORTED, {REPORTED[machine]} told once")


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.fault(
    "execution outlives its machine's time",
    injected="the machine's TimeoutSeconds set to 1, both machines",
    expected="the failure told once",
)
def test_machine_timeout(world: World, seen: Seen, machine: str) -> None:
    if machine == "finalization":
        job = world.job(1)
        world.send(job)
        world.ended(job)
    else:
        job = world.job(1)
    hold = {"action": "lambda:InvokeFunction", "match": f"listing-media-{HELD[machine]}-local",
            "status": 0, "delay": 3, "times": 1}  # fmt: skip
    world.cloud.emulator.set_faults([hold])
    with short_machine(world, machine):
        if machine == "finalization":
            job = world.finalize(job)
        else:
            world.send(job)
        assert world.ended(job)["status"] == "TIMED_OUT"
    assert_failure_told_once(world, job, "EXECUTION_TIMED_OUT")
    seen(f"TIMED_OUT, {REPORTED[machine]} told once")


@pytest.mark.fault(
    "state outgrows Step Functions' limit",
    injected="validation answers 300 kB: States.DataLimitExceeded, which nothing catches",
    expected="execution FAILED, the failure told once",
)
def test_data_limit(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.sabotage.plan("validate", job.files.prefix, "bloat", times=-1)
    world.send(job)
    assert world.ended(job)["error"] == "States.DataLimitExceeded"
    assert_failure_told_once(world, job, "States.DataLimitExceeded")
    seen("FAILED, PROCESSING_FAILED told once")


@pytest.mark.fault(
    "finalization fails in its function",
    injected="every original is gone",
    expected="FINALIZATION_FAILED told once by the machine, not again by EventBridge",
)
def test_finalization_failed(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.delete(job.assets[0].key)
    ending = world.finalize(job)
    assert_failure_told_once(world, ending, "NOTHING_TO_ZIP")
    assert world.ended(ending)["status"] == "FAILED"
    world.logged("callback-dispatch", "dealt with its own failure", str(ending.job_id))
    assert world.attempts(ending) == 1
    seen("FAILED, FINALIZATION_FAILED told once")


@pytest.mark.fault(
    "aborted after its success was told",
    injected="the callback function crashes after each delivery; then StopExecution",
    expected="nothing is told after the success",
)
def test_abort_after_success(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.sabotage.plan("callback", '"bodyKey"', "exit-after", times=-1)
    world.send(job)
    assert world.told(job)["status"] == "SUCCEEDED"
    until(lambda: world.holds(job.files.receipt) or None, "receipt")
    world.stop(job)
    assert world.ended(job)["status"] == "ABORTED"
    world.logged("callback-dispatch", "was delivered before", str(job.job_id))
    assert world.attempts(job) == 1
    seen("ABORTED, only the success told")


@pytest.mark.fault(
    "aborted while its success cannot be told",
    injected="500 to every attempt, StopExecution, 500 to EventBridge's first turn too",
    expected="the event's retry tells the result that was worked out, not a failure",
)
def test_abort_before_success_is_told(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.receiver.script[job.job_id] = itertools.repeat(Answer(status=500))
    world.cloud.emulator.set_wait_scale(1.0)
    try:
        world.send(job)
        until(lambda: world.attempts(job) or None, "first attempt")
        world.stop(job)
        before = world.attempts(job)
        until(lambda: world.attempts(job) > before or None, "the event's turn")
        world.receiver.script[job.job_id] = iter(())
        assert world.told(job)["status"] == "SUCCEEDED"
    finally:
        world.cloud.emulator.set_wait_scale(WAIT_SCALE)
    assert world.ended(job)["status"] == "ABORTED"
    assert len(world.deliveries(job)) == 1
    seen("ABORTED, the success told once")


@contextmanager
def short_machine(world: World, machine: str) -> Iterator[None]:
    """Give a machine one second."""
    states, arn = world.cloud.admin_client("stepfunctions"), world.machine_arn(machine)
    usual = states.describe_state_machine(stateMachineArn=arn)["definition"]
    short = json.dumps(json.loads(usual) | {"TimeoutSeconds": 1})
    states.update_state_machine(stateMachineArn=arn, definition=short)
    try:
        yield
    finally:
        states.update_state_machine(stateMachineArn=arn, definition=usual)
