"""Faults between the callback function and the backend: told once, or kept for an operator."""

from __future__ import annotations

import itertools
import json

import pytest

from local.chaos.world import Job, World
from local.receiver import Answer
from tests.faults.conftest import Seen

pytestmark = pytest.mark.local

EVENT_ATTEMPTS = 3
"""Lambda calls a function twice more when it fails on an event."""


def assert_told_once(world: World, job: Job, attempts: int) -> None:
    """The result is told, under one delivery id; nothing else ever is."""
    assert world.told(job)["status"] == "SUCCEEDED"
    assert world.ended(job)["status"] == "SUCCEEDED"
    assert world.attempts(job) == attempts
    assert len(world.deliveries(job)) == 1
    assert world.holds(job.files.receipt)
    assert world.dead_letters(job.files.callback) == []


def assert_kept(world: World, job: Job, attempts: int, error: str) -> None:
    """Not told: a dead letter with the body's key, the body in S3, a failed execution."""
    letter = json.loads(world.dead_letter(job.files.callback))
    assert letter["kind"] == "CALLBACK_UNDELIVERED"
    assert letter["bodyKey"] == job.files.callback
    assert letter["executionArn"] == world.execution_arn(job)
    assert letter["state"]["error"]["Error"] == error
    assert world.holds(job.files.callback)
    assert world.ended(job)["status"] == "FAILED"
    world.logged("callback-dispatch", "dealt with its own failure", str(job.job_id))
    assert world.attempts(job) == attempts
    assert world.deliveries(job) == []
    assert len(world.dead_letters(job.files.callback)) == 1


@pytest.mark.fault(
    "backend 5xx, 429, 408 for a while",
    injected="500, 503, 429 (Retry-After: 1), 408, 425, then well",
    expected="told at the sixth attempt, under one delivery id",
)
def test_passing_errors(world: World, seen: Seen) -> None:
    job = world.job(1)
    answers = [Answer(status=status) for status in (500, 503, 408, 425)]
    patience = Answer(status=429, headers={"Retry-After": "1"})
    world.receiver.script[job.job_id] = iter([*answers, patience])
    world.send(job)
    assert_told_once(world, job, attempts=6)
    seen("6 attempts, 1 delivery")


@pytest.mark.fault(
    "backend 500 for ever",
    injected="500 to every attempt",
    expected="21 attempts, one dead letter with the body's key, execution FAILED, no failure told",
)
def test_errors_for_ever(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.receiver.script[job.job_id] = itertools.repeat(Answer(status=500))
    world.send(job)
    assert_kept(world, job, attempts=21, error="CallbackUnavailableError")
    seen("21 attempts, 1 dead letter, FAILED")


@pytest.mark.fault(
    "backend down",
    injected="connections closed without an answer, 4 times",
    expected="told at the fifth attempt",
)
def test_connections_closed(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.receiver.script[job.job_id] = itertools.repeat(Answer(drops=True), 4)
    world.send(job)
    assert_told_once(world, job, attempts=5)
    seen("5 attempts, 1 delivery")


@pytest.mark.slow
@pytest.mark.fault(
    "backend hangs",
    injected="no answer for 30 s, once",
    expected="given up after 10 s, told at the second attempt",
)
def test_hanging(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.receiver.script[job.job_id] = iter([Answer(seconds=30)])
    world.send(job)
    assert_told_once(world, job, attempts=2)
    seen("2 attempts, 1 delivery")


@pytest.mark.fault(
    "backend slow",
    injected="accepts after 2 s",
    expected="told at the first attempt",
)
def test_slow(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.receiver.script[job.job_id] = iter([Answer(seconds=2, accepts=True, status=200)])
    world.send(job)
    assert_told_once(world, job, attempts=1)
    seen("1 attempt")


@pytest.mark.fault(
    "answer lost",
    injected="the backend accepts, the connection breaks before its answer",
    expected="sent again under the same delivery id, which the backend drops",
)
def test_answer_lost(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.receiver.script[job.job_id] = iter([Answer(accepts=True, drops=True)])
    world.send(job)
    assert_told_once(world, job, attempts=2)
    seen("2 attempts, 1 delivery id")


@pytest.mark.parametrize("status", [302, 404, 410])
@pytest.mark.fault(
    "backend refuses for good",
    injected="302 to another address, 404, 410",
    expected="one attempt, redirect not followed, one dead letter, execution FAILED",
)
def test_refused(world: World, seen: Seen, status: int) -> None:
    job = world.job(1)
    elsewhere = {"Location": world.receiver.url}
    world.receiver.script[job.job_id] = itertools.repeat(Answer(status=status, headers=elsewhere))
    world.send(job)
    assert_kept(world, job, attempts=1, error="CallbackRejectedError")
    seen(f"{status}: 1 attempt, 1 dead letter, FAILED")


@pytest.mark.fault(
    "secret rotated under a running function",
    injected="a new secret; the function has the old one cached",
    expected="403, secret read again, told at the second attempt",
)
def test_rotation(world: World, seen: Seen) -> None:
    first, second = world.job(1), world.job(1)
    world.send(first)
    world.told(first)
    world.cloud.rotate_callback_secret()
    world.receiver.secrets = [world.cloud.callback_secret]
    world.send(second)
    assert_told_once(world, second, attempts=2)
    seen("2 attempts, the second signed anew")


@pytest.mark.fault(
    "secret cannot be read",
    injected="403 from the backend, then AccessDenied from Secrets Manager",
    expected="nothing unsigned goes out: one dead letter, execution FAILED",
)
def test_secret_denied(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.receiver.script[job.job_id] = itertools.repeat(Answer(status=403))
    denied = {"action": "secretsmanager:GetSecretValue", "status": 400,
              "code": "AccessDeniedException", "times": 1}  # fmt: skip
    warm = world.job(1)
    world.send(warm)
    world.told(warm)
    world.cloud.emulator.set_faults([denied])
    world.send(job)
    assert_kept(world, job, attempts=1, error="ObjectDeniedError")
    seen("1 signed attempt, 1 dead letter, FAILED")


@pytest.mark.fault(
    "callback function crashes after it delivered",
    injected="process ends after the receipt was written, once",
    expected="the retry finds the receipt; one attempt at the backend",
)
def test_crash_after_delivery(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.sabotage.plan("callback", job.files.callback, "exit-after")
    world.send(job)
    assert_told_once(world, job, attempts=1)
    seen("1 attempt, SUCCEEDED")


@pytest.mark.fault(
    "dead-letter queue out of reach too",
    injected="410 from the backend, AccessDenied on SendMessage",
    expected="EventBridge's turn: Lambda keeps the event with the body's key as a dead letter",
)
def test_queue_denied(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.receiver.script[job.job_id] = itertools.repeat(Answer(status=410))
    denied = {"action": "sqs:SendMessage", "match": "CALLBACK_UNDELIVERED", "status": 403,
              "code": "AccessDenied"}  # fmt: skip
    world.cloud.emulator.set_faults([denied])
    world.send(job)
    ended = world.ended(job)
    assert (ended["status"], ended["error"]) == ("FAILED", "CallbackNotKept")
    assert job.name in world.dead_letter(job.files.callback)
    assert world.attempts(job) == 1 + EVENT_ATTEMPTS
    assert world.deliveries(job) == []
    seen("FAILED CallbackNotKept, 1 dead letter by Lambda")
