"""Executions and MediaConvert jobs of an attempt."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ops.attempts import Attempt, execution_arn
from ops.cloud import Cloud
from ops.history import Progress, read_history

_MAX_EVENTS = 5000  # the newest of at most 25,000 (Step Functions quota): ends are among them
_MAX_TRANSCODES = 2000


def describe(cloud: Cloud, attempt: Attempt) -> dict[str, Any]:
    """Status, times, current states and last error; a status of its own where there is none."""
    arn = execution_arn(cloud, attempt)
    try:
        seen = cloud.states.describe_execution(executionArn=arn)
    except cloud.states.exceptions.ExecutionDoesNotExist:
        return {"execution": attempt.name, "status": "NOT_STARTED"}
    progress = progress_of(cloud, arn)
    return {
        "execution": attempt.name,
        "status": seen["status"],
        "started": _iso(seen["startDate"]),
        "ended": _iso(seen.get("stopDate")),
        "states": progress.states if progress else [],
        "lastError": progress.last_error if progress else "",
        "callbackAttempts": progress.callback_attempts if progress else 0,
        "arn": arn,
    }


def progress_of(cloud: Cloud, arn: str) -> Progress | None:
    """Reading of an execution's newest events; None for one that does not exist."""
    events: list[Any] = []
    try:
        for page in cloud.states.get_paginator("get_execution_history").paginate(
            executionArn=arn,
            reverseOrder=True,
            PaginationConfig={"MaxItems": _MAX_EVENTS, "PageSize": 1000},
        ):
            events += page["events"]
    except cloud.states.exceptions.ExecutionDoesNotExist:
        return None
    return read_history(events[::-1])


def transcodes(cloud: Cloud, attempt: Attempt, *, since: str) -> list[dict[str, Any]]:
    """MediaConvert jobs of an attempt, known by their user metadata.

    Args:
        cloud: The environment.
        attempt: Whose jobs.
        since: Start of the execution, as `describe` tells it; older jobs are not looked at.
    """
    keys = attempt.keys
    wanted = {
        "listingIdentityId": str(keys.listing_id),
        "jobId": str(keys.job_id),
        "retry": str(keys.retry),
    }
    found: list[dict[str, Any]] = []
    pages = cloud.mediaconvert.get_paginator("list_jobs").paginate(
        Queue=cloud.names.mediaconvert_queue_arn,
        Order="DESCENDING",
        PaginationConfig={"MaxItems": _MAX_TRANSCODES},
    )
    for page in pages:
        for job in page.get("Jobs", ()):
            if _iso(job.get("CreatedAt")) < since:
                return found
            metadata = job.get("UserMetadata", {})
            if wanted.items() <= metadata.items():
                found.append(
                    {
                        "id": job.get("Id", ""),
                        "asset": metadata.get("asset", ""),
                        "status": job.get("Status", ""),
                        "percent": job.get("JobPercentComplete"),
                        "error": job.get("ErrorMessage", ""),
                    }
                )
    return found


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""
