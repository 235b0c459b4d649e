"""Faults between the queue and the state machine: one message, exactly one execution."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from local.chaos.world import Job, World
from tests.faults.conftest import Seen
from toq_media.contracts import AssetRef

pytestmark = pytest.mark.local


def message(**changes: object) -> str:
    asset = {"key": "9/raw/photo/vertical/a.jpg", "type": "PHOTO_VERTICAL"}
    return json.dumps({"jobId": 9, "listingIdentityId": 9, "assets": [asset], "retry": 0} | changes)


POISON = {
    "no JSON": "poison: no json",
    "job id 0": message(jobId=0, listingIdentityId=9_001),
    "job id is a boolean": message(jobId=True, listingIdentityId=9_002),
    "no assets": message(assets=[], listingIdentityId=9_003),
    "a key twice": message(assets=["9/raw/photo/a.jpg"] * 2),
    "a key of another listing": message(listingIdentityId=9_004),
    "a key with ..": message(assets=["9/raw/photo/../../8/raw/photo/a.jpg"]),
    "a processed key": message(assets=["9/processed/photo/large/a.jpg"]),
}


@pytest.mark.fault(
    "poison messages",
    injected="8 impossible messages around a good one",
    expected="each in the dead-letter queue, its reason logged; the good job done once",
)
def test_poison(world: World, seen: Seen) -> None:
    job = world.job(1)
    bodies = list(POISON.values())
    for body in bodies[:4]:
        world.send_body(body)
    world.send(job)
    for body in bodies[4:]:
        world.send_body(body)
    assert world.told(job)["status"] == "SUCCEEDED"
    for name, body in POISON.items():
        assert world.dead_letter(body) == body, name
    world.logged("dispatch", "message refused", "jobId")
    assert world.executions(job) == [job.name]
    assert world.executions(Job(listing_id=9, job_id=9)) == []
    assert len(world.deliveries(job)) == 1
    seen(f"{len(POISON)} dead letters, 1 execution, 1 callback")


@pytest.mark.fault(
    "same job, other content",
    injected="a second message of the job with other assets",
    expected="the first job's result; the second in the dead-letter queue",
)
def test_conflict(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.send(job)
    world.told(job)
    other = replace(job, assets=[AssetRef(key=f"{job.listing_id}/raw/photo/b.jpg", type="PHOTO")])
    world.send(other)
    assert world.dead_letter(other.body) == other.body
    world.logged("dispatch", "was started with other assets", str(job.job_id))
    assert world.executions(job) == [job.name]
    assert [one["rawKey"] for one in world.told(job)["outputs"]] == [job.assets[0].key]
    seen("1 execution, first result told, 1 dead letter")


@pytest.mark.fault(
    "duplicate and concurrent deliveries",
    injected="the same message four times at once, once more after the end",
    expected="one execution, one callback, no dead letter",
)
def test_duplicates(world: World, seen: Seen) -> None:
    job = world.job(1)
    for _ in range(4):
        world.send(job)
    world.ended(job)
    world.send(job)
    world.logged("dispatch", "duplicate delivery dropped", str(job.job_id))
    assert world.executions(job) == [job.name]
    assert world.attempts(job) == 1
    assert world.dead_letters(job.body) == []
    seen("1 execution, 1 callback")


@pytest.mark.fault(
    "dispatch crashes after the start",
    injected="process ends after StartExecution, before SQS deletes the message",
    expected="the redelivery finds the name taken; one execution, one callback",
)
def test_dispatch_crash(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.sabotage.plan("dispatch", str(job.job_id), "exit-after")
    world.send(job)
    assert world.told(job)["status"] == "SUCCEEDED"
    world.logged("dispatch", "duplicate delivery dropped", str(job.job_id))
    assert world.executions(job) == [job.name]
    assert world.attempts(job) == 1
    seen("2 deliveries, 1 execution, 1 callback")


@pytest.mark.fault(
    "StartExecution throttled",
    injected="5 x ThrottlingException: the SDK's attempts are used up",
    expected="message left to SQS, started at the next delivery, once",
)
def test_throttled_start(world: World, seen: Seen) -> None:
    job = world.job(1)
    throttled = {
        "action": "states:StartExecution", "match": job.name, "status": 400,
        "code": "ThrottlingException", "times": 5,
    }  # fmt: skip
    world.cloud.emulator.set_faults([throttled])
    world.send(job)
    assert world.told(job)["status"] == "SUCCEEDED"
    assert world.cloud.emulator.faults()[0]["struck"] == 5
    assert world.executions(job) == [job.name]
    assert world.attempts(job) == 1
    seen("started after 5 refusals, 1 execution")


@pytest.mark.fault(
    "malformed trace context",
    injected="a Traceparent attribute with markup in it",
    expected="a fresh one, in callback body and header alike",
)
def test_bad_trace(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.send(job, traceparent="00-<script>-\u202e")
    body = world.told(job)
    assert body["traceparent"].startswith("00-")
    assert "script" not in body["traceparent"]
    assert world.deliveries(job)[0].headers["traceparent"] == body["traceparent"]
    seen("fresh traceparent, the same in body and header")
