"""Attempts of jobs: found by name where both ids are known, else by a bounded search."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ops.cloud import Cloud
from ops.errors import NotThereError, OpsError
from toq_media.keys import JobKeys

Kind = Literal["processing", "finalization"]

MAX_SEARCHED = 20_000
"""Executions of each machine, newest first, that a search without both ids looks at."""

_NAME = re.compile(r"(process|finalization)-(\d+)-(\d+)-(\d+)")
_PREFIXES: dict[Kind, str] = {"processing": "process", "finalization": "finalization"}


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt of a job; `name` is that of its execution."""

    kind: Kind
    keys: JobKeys

    @property
    def name(self) -> str:
        """Deterministic name of the execution (design section 2)."""
        keys = self.keys
        return f"{_PREFIXES[self.kind]}-{keys.listing_id}-{keys.job_id}-{keys.retry}"


def attempt_of(name: str) -> Attempt | None:
    """The attempt that an execution's name stands for; None for other names."""
    match = _NAME.fullmatch(name)
    if not match:
        return None
    listing_id, job_id, retry = (int(part) for part in match.groups()[1:])
    kind: Kind = "processing" if match[1] == "process" else "finalization"
    return Attempt(kind=kind, keys=JobKeys(listing_id=listing_id, job_id=job_id, retry=retry))


def machine_arn(cloud: Cloud, kind: Kind) -> str:
    """ARN of the state machine that runs attempts of a kind."""
    names = cloud.names
    machine = names.processing_machine if kind == "processing" else names.finalization_machine
    return names.machine_arn(machine)


def execution_arn(cloud: Cloud, attempt: Attempt) -> str:
    """ARN of an attempt's execution."""
    machine = machine_arn(cloud, attempt.kind)
    return f"{machine.replace(':stateMachine:', ':execution:')}:{attempt.name}"


def exists(cloud: Cloud, attempt: Attempt) -> bool:
    """Whether the attempt was ever started (Step Functions remembers 90 days)."""
    try:
        cloud.states.describe_execution(executionArn=execution_arn(cloud, attempt))
    except cloud.states.exceptions.ExecutionDoesNotExist:
        return False
    return True


def find(cloud: Cloud, *, job_id: int | None, listing_id: int | None) -> list[Attempt]:
    """Attempts of a job or of a listing, by job and retry.

    With both ids they are looked up by name; with one, the machines' newest executions are
    searched. An attempt that left files and has no execution is one that dispatch could not start.

    Raises:
        OpsError: neither id is given.
    """
    if job_id is None and listing_id is None:
        raise OpsError("name a job's id, or a listing with --listing")
    found: set[Attempt] = set()
    if job_id is None or listing_id is None:
        found |= set(_searched(cloud, job_id, listing_id))
    listings = {listing_id} if listing_id else {one.keys.listing_id for one in found}
    for keys in (keys for listing in listings for keys in _kept(cloud, listing, job_id)):
        kinds = [
            Attempt(kind=kind, keys=keys)
            for kind in _PREFIXES
            if Attempt(kind=kind, keys=keys) in found
            or exists(cloud, Attempt(kind=kind, keys=keys))
        ]
        found |= set(kinds or [Attempt(kind="processing", keys=keys)])
    if job_id and listing_id:
        first = JobKeys(listing_id=listing_id, job_id=job_id, retry=0)
        firsts = (Attempt(kind=kind, keys=first) for kind in _PREFIXES)
        found |= {one for one in firsts if one not in found and exists(cloud, one)}
    return sorted(found, key=lambda one: (one.keys.job_id, one.keys.retry, one.kind))


def pick(
    cloud: Cloud, *, job_id: int, listing_id: int | None = None, retry: int | None = None
) -> Attempt:
    """The last attempt of a job, or the one with this number.

    Raises:
        NotThereError: there is none.
        OpsError: more than one listing has a job of this id.
    """
    found = find(cloud, job_id=job_id, listing_id=listing_id)
    wanted = [one for one in found if retry is None or one.keys.retry == retry]
    if not wanted:
        number = "" if retry is None else f" with retry {retry}"
        raise NotThereError(f"job {job_id}: no attempt{number} found; `job show` lists them")
    listings = sorted({one.keys.listing_id for one in wanted})
    if len(listings) > 1:
        raise OpsError(f"job {job_id}: is in listings {listings}; name one with --listing")
    return wanted[-1]


def running(cloud: Cloud, listing_id: int) -> list[Attempt]:
    """Attempts of a listing whose execution has not ended."""
    found = [
        attempt_of(item["name"])
        for kind in _PREFIXES
        for page in cloud.states.get_paginator("list_executions").paginate(
            stateMachineArn=machine_arn(cloud, kind), statusFilter="RUNNING"
        )
        for item in page["executions"]
    ]
    return [one for one in found if one and one.keys.listing_id == listing_id]


def _searched(cloud: Cloud, job_id: int | None, listing_id: int | None) -> Iterator[Attempt]:
    for kind in _PREFIXES:
        pages = cloud.states.get_paginator("list_executions").paginate(
            stateMachineArn=machine_arn(cloud, kind),
            PaginationConfig={"MaxItems": MAX_SEARCHED, "PageSize": 1000},
        )
        for page in pages:
            for item in page["executions"]:
                one = attempt_of(item["name"])
                if one and _about(one.keys, job_id, listing_id):
                    yield one


def _about(keys: JobKeys, job_id: int | None, listing_id: int | None) -> bool:
    return job_id in (None, keys.job_id) and listing_id in (None, keys.listing_id)


def _kept(cloud: Cloud, listing_id: int, job_id: int | None) -> Iterator[JobKeys]:
    """Attempts that have working files."""
    jobs = [job_id] if job_id else _numbers(cloud, f"jobs/{listing_id}/")
    for job in jobs:
        for retry in _numbers(cloud, f"jobs/{listing_id}/{job}/"):
            yield JobKeys(listing_id=listing_id, job_id=job, retry=retry)


def _numbers(cloud: Cloud, prefix: str) -> list[int]:
    pages = cloud.s3.get_paginator("list_objects_v2").paginate(
        Bucket=cloud.names.media_bucket, Prefix=prefix, Delimiter="/"
    )
    folders = [
        item["Prefix"].removeprefix(prefix).rstrip("/")
        for page in pages
        for item in page.get("CommonPrefixes", ())
    ]
    return [int(folder) for folder in folders if folder.isascii() and folder.isdigit()]
