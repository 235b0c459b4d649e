"""Many small jobs at once, most of them with a fault: none may be lost, none done twice."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track
from rich.table import Table

from local.chaos.world import Job, World, suffering, until
from local.errors import PipelineStuckError
from local.receiver import Answer

IN_FLIGHT = 8
SECONDS_PER_JOB = 90.0
"""How long one job may take; over all, the soak ends within `jobs / IN_FLIGHT` times this."""

TableEntry = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Account:
    """What came of all jobs, counted from the backend's side and from S3."""

    faults: Counter[str]
    statuses: Counter[str]
    lost: list[str]
    twice: list[str]


def soak(jobs: int, seed: int, console: Console) -> int:
    """Run the soak and say what came of it; 0 only if nothing was lost or done twice."""
    console.print(f"{jobs} jobs, {IN_FLIGHT} at once; SEED={seed} repeats this choice of faults")
    with suffering() as world:
        account = run(world, jobs, seed, console)
    table = Table("fault", "jobs", title="injected")
    for name, count in sorted(account.faults.items()):
        table.add_row(name, str(count))
    console.print(table)
    console.print(f"told: {dict(account.statuses)}", highlight=False)
    for what, names in (("lost", account.lost), ("done twice", account.twice)):
        colour = "red" if names else "green"
        console.print(f"[{colour}]{len(names)} {what}[/] {' '.join(names)}", highlight=False)
    return 1 if account.lost or account.twice else 0


def run(world: World, jobs: int, seed: int, console: Console) -> Account:
    """Send the jobs with their faults, wait for every end, count."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
    names = [chance.choice(list(FAULTS)) for _ in range(jobs)]
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        sent = list(pool.map(lambda _: world.job(2), names))
        entries = [entry for name, job in zip(names, sent, strict=True)
                   for entry in FAULTS[name](world, job)]  # fmt: skip
        world.cloud.emulator.set_faults(entries)
        ends = pool.map(lambda pair: _end(world, *pair), zip(names, sent, strict=True))
        shown = track(ends, description="jobs", total=jobs, console=console)
        reached = dict(zip((job.name for job in sent), shown, strict=True))
    return _count(world, names, sent, reached)


def _end(world: World, fault: str, job: Job) -> str:
    """Send one job; the status that the backend was told, or nothing."""
    for _ in range(3 if fault == "message sent three times" else 1):
        world.send(job)
    try:
        if fault == "execution aborted":
            until(lambda: world.holds(job.files.manifest) or None, "manifest", SECONDS_PER_JOB)
            _abort(world, job)
        body = world.told(job, SECONDS_PER_JOB)
        world.ended(job, SECONDS_PER_JOB)
        until(lambda: world.holds(job.files.receipt) or None, "receipt", SECONDS_PER_JOB)
    except PipelineStuckError:
        return ""
    return str(body["status"])


def _abort(world: World, job: Job) -> None:
    states = world.cloud.admin_client("stepfunctions")
    try:
        world.stop(job)
    except states.exceptions.ClientError:
        world.ended(job, SECONDS_PER_JOB)  # it was faster


def _count(world: World, names: list[str], sent: list[Job], reached: dict[str, str]) -> Account:
    executions = Counter(name for job in sent for name in world.executions(job))
    files = world.cloud.keys("jobs/")
    lost, twice = [], []
    for job in sent:
        if not reached[job.name] or job.files.receipt not in files:
            lost.append(job.name)
        folders = {key.split("/")[3] for key in files
                   if key.startswith(f"jobs/{job.listing_id}/{job.job_id}/")}  # fmt: skip
        if executions[job.name] != 1 or len(world.deliveries(job)) > 1 or len(folders) > 1:
            twice.append(job.name)
    return Account(
        faults=Counter(names),
        statuses=Counter(status for status in reached.values() if status),
        lost=lost,
        twice=twice,
    )


def _nothing(world: World, job: Job) -> list[TableEntry]:  # noqa: ARG001 - faults share one signature
    return []


def _answers(count: int, answer: Answer) -> Callable[[World, Job], list[TableEntry]]:
    def prepare(world: World, job: Job) -> list[TableEntry]:
        world.receiver.script[job.job_id] = itertools.repeat(answer, count)
        return []

    return prepare


def _crash(world: World, job: Job) -> list[TableEntry]:
    world.sabotage.plan("thumbnails", job.files.prefix, "exit")
    return []


def _crash_after_delivery(world: World, job: Job) -> list[TableEntry]:
    world.sabotage.plan("callback", job.files.callback, "exit-after")
    return []


def _dispatch_crash(world: World, job: Job) -> list[TableEntry]:
    world.sabotage.plan("dispatch", str(job.job_id), "exit-after")
    return []


def _missing(world: World, job: Job) -> list[TableEntry]:
    world.delete(job.assets[0].key)
    return []


def _slow_down(world: World, job: Job) -> list[TableEntry]:  # noqa: ARG001 - as above
    key = job.assets[0].key
    return [{"action": "s3:GetObject", "match": key, "code": "SlowDown", "times": 2}]


def _throttled(world: World, job: Job) -> list[TableEntry]:  # noqa: ARG001 - as above
    return [{"action": "lambda:InvokeFunction", "match": job.files.prefix, "status": 429,
             "code": "TooManyRequestsException", "times": 2}]  # fmt: skip


FAULTS: dict[str, Callable[[World, Job], list[TableEntry]]] = {
    "none": _nothing,
    "message sent three times": _nothing,
    "execution aborted": _nothing,
    "backend 500 three times": _answers(3, Answer(status=500)),
    "backend closes two connections": _answers(2, Answer(drops=True)),
    "backend's answer lost": _answers(1, Answer(accepts=True, drops=True)),
    "thumbnails crashes": _crash,
    "callback crashes after delivery": _crash_after_delivery,
    "dispatch crashes after the start": _dispatch_crash,
    "an original is missing": _missing,
    "S3 503": _slow_down,
    "Lambda throttled": _throttled,
}
