"""Listings through the pipeline's queues, second by second of simulated time (simpy).

Retries of CreateJob are those of the state machine's definition, read from it.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final

import simpy

from bench.scale.capacity import DISPATCH_SECONDS_A_MESSAGE, Quotas, transcode_seconds

VIDEO_TIMEOUT_SECONDS: Final = 3600
_BATCH: Final = 10

Steps = Generator[Any, Any, None]


@dataclass(frozen=True, kw_only=True)
class Load:
    """What arrives: listings spread evenly over a time, each with these needs."""

    listings: int
    over_seconds: float
    video_seconds: float
    batch_seconds: list[float]
    """How long each of the listing's picture batches takes a function."""


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """The program's settings."""

    dispatch_concurrency: int = 5
    thumbnails_concurrency: int = 10
    retry: dict[str, float]


@dataclass(kw_only=True)
class Outcome:
    """What became of it; times in seconds from a listing's arrival to its end."""

    seconds: list[float] = field(default_factory=list)
    videos_lost: int = 0
    most_queued: int = 0
    most_in_slots_queue: int = 0
    most_functions: int = 0

    def percentile(self, share: float) -> float:
        """Time that this share of the listings stayed under."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def simulate(load: Load, quotas: Quotas, knobs: Knobs, *, seed: int = 1) -> Outcome:
    """Run until every listing has ended."""
    return _Pipeline(load, quotas, knobs, seed).run()


class _Bucket:
    """A token bucket that is refilled evenly."""

    def __init__(self, environment: simpy.Environment, *, rate: float, burst: float) -> None:
        self._environment = environment
        self._rate, self._burst, self._tokens, self._at = rate, burst, burst, 0.0

    def take(self) -> bool:
        """Take a token if there is one."""
        now = self._environment.now
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class _Pipeline:
    def __init__(self, load: Load, quotas: Quotas, knobs: Knobs, seed: int) -> None:
        limit = quotas.values
        self._load, self._knobs = load, knobs
        self._random = random.Random(seed)  # noqa: S311 - spreads load, guards nothing
        self._env = env = simpy.Environment()
        self._queue = simpy.Store(env)
        self._functions = simpy.Resource(env, int(limit["lambdaConcurrency"]))
        self._slots = simpy.Resource(env, int(limit["mediaConvertSlots"]))
        self._starts = _Bucket(
            env, rate=limit["startExecutionPerSecond"], burst=limit["startExecutionBurst"]
        )
        self._create = _Bucket(env, rate=limit["createJobPerSecond"], burst=limit["createJobBurst"])
        self._outcome = Outcome()

    def run(self) -> Outcome:
        self._env.process(self._arrive())
        for _ in range(self._knobs.dispatch_concurrency):
            self._env.process(self._dispatch())
        self._env.run()
        return self._outcome

    def _arrive(self) -> Steps:
        pause = self._load.over_seconds / self._load.listings
        for _ in range(self._load.listings):
            yield self._queue.put(self._env.now)
            waiting = len(self._queue.items)
            self._outcome.most_queued = max(self._outcome.most_queued, waiting)
            yield self._env.timeout(pause)

    def _dispatch(self) -> Steps:
        while True:
            arrived = [(yield self._queue.get())]
            while self._queue.items and len(arrived) < _BATCH:
                arrived.append((yield self._queue.get()))
            with self._functions.request() as function:
                yield function
                for at in arrived:
                    yield self._env.timeout(DISPATCH_SECONDS_A_MESSAGE)
                    while not self._starts.take():
                        yield self._env.timeout(1.0)
                    self._env.process(self._execute(at))

    def _execute(self, arrived: float) -> Steps:
        yield from self._call(0.3)  # validate
        together = simpy.Resource(self._env, self._knobs.thumbnails_concurrency)
        branches = [
            self._env.process(self._batch(together, seconds))
            for seconds in self._load.batch_seconds
        ]
        if self._load.video_seconds:
            branches.append(self._env.process(self._video()))
        yield self._env.all_of(branches)
        yield from self._call(0.2)  # consolidate
        yield from self._call(0.4)  # callback
        self._outcome.seconds.append(self._env.now - arrived)

    def _call(self, seconds: float) -> Steps:
        with self._functions.request() as function:
            yield function
            self._outcome.most_functions = max(self._outcome.most_functions, self._functions.count)
            yield self._env.timeout(seconds)

    def _batch(self, together: simpy.Resource, seconds: float) -> Steps:
        with together.request() as turn:
            yield turn
            yield from self._call(seconds)

    def _video(self) -> Steps:
        rule, tries = self._knobs.retry, 0
        while not self._create.take():
            if tries == rule["MaxAttempts"]:
                self._outcome.videos_lost += 1
                return
            longest = min(
                rule["IntervalSeconds"] * rule["BackoffRate"] ** tries, rule["MaxDelaySeconds"]
            )
            tries += 1
            yield self._env.timeout(self._random.uniform(0, longest))
        with self._slots.request() as slot:
            self._outcome.most_in_slots_queue = max(
                self._outcome.most_in_slots_queue, len(self._slots.queue)
            )
            yield slot | self._env.timeout(VIDEO_TIMEOUT_SECONDS)
            if not slot.triggered:
                self._outcome.videos_lost += 1
                return
            yield self._env.timeout(transcode_seconds(self._load.video_seconds))
