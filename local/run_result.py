"""What a run of a listing leaves: callbacks, executions with their times, timings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.receiver import Callback

if TYPE_CHECKING:
    from local.cloud import LocalCloud

POLL_SECONDS = 0.25

Progress = Callable[[str, int, int], None]
"""Told `(stage, done, total)` as the run goes on."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """A finished execution: its history's states with their times."""

    arn: str
    status: str
    started_at: float
    seconds: float
    states: list[StateTime]


@dataclass(frozen=True, kw_only=True)
class StateTime:
    """When a state of the top level ran, in seconds from the execution's start."""

    name: str
    begin: float
    end: float


@dataclass(kw_only=True)
class RunResult:
    """What came of a listing."""

    listing_id: int
    traceparent: str
    published_at: float
    processing: Callback
    finalization: Callback | None
    executions: list[Execution]
    timings: dict[str, float] = field(default_factory=dict)


def execution_of(cloud: LocalCloud, arn: str, limit_seconds: float) -> Execution:
    """An execution once it has ended; its callback arrives a moment before that."""
    states = cloud.admin_client("stepfunctions")
    deadline = time.monotonic() + limit_seconds
    while True:
        described = states.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING" or time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    events = [
        event
        for page in states.get_paginator("get_execution_history").paginate(executionArn=arn)
        for event in page["events"]
    ]
    begin = described["startDate"].timestamp()
    end = described.get("stopDate", described["startDate"]).timestamp()
    return Execution(
        arn=arn,
        status=described["status"],
        started_at=begin,
        seconds=end - begin,
        states=_state_times(events, begin),
    )


def assets_done(cloud: LocalCloud, listing_id: int) -> int:
    """Assets whose best output is in the bucket already."""
    keys = cloud.keys(f"{listing_id}/processed/")
    return sum(1 for key in keys if "/large/" in key or "/original/" in key)


@contextmanager
def timed(timings: dict[str, float], name: str) -> Iterator[None]:
    """Seconds of a block into `timings[name]`."""
    begin = time.perf_counter()
    yield
    timings[name] = round(time.perf_counter() - begin, 3)


def _state_times(events: list[Any], begin: float) -> list[StateTime]:
    """Entry and exit of each state, in order of entry; of repeated ones first entry, last exit."""
    entered: dict[str, float] = {}
    left: dict[str, float] = {}
    for event in events:
        at = event["timestamp"].timestamp() - begin
        if "stateEnteredEventDetails" in event:
            entered.setdefault(event["stateEnteredEventDetails"]["name"], at)
        if "stateExitedEventDetails" in event:
            left[event["stateExitedEventDetails"]["name"]] = at
    return [StateTime(name=name, begin=at, end=left.get(name, at)) for name, at in entered.items()]
