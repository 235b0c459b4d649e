"""`job`: everything known of a job in one answer, and doing it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

from ops import working_files
from ops.attempts import Attempt, execution_arn, exists, find, machine_arn
from ops.cloud import Cloud
from ops.dead_letters import rows_of_job
from ops.errors import NotThereError, OpsError
from ops.executions import describe, transcodes
from ops.listings import archived_rows
from ops.outcome import Outcome
from toq_media.contracts import AssetRef, JobMessage, encode
from toq_media.keys import JobKeys
from toq_media.tracing import traceparent_or_new

MAX_RETRY = 2**16 - 1
"""Contract 1.3: retry is a uint16."""

_WARNING = "the backend may ignore the result of an attempt that it did not begin itself"

Scope = Literal["all", "failed"]


def show(cloud: Cloud, *, job_id: int | None, listing_id: int | None) -> Outcome:
    """`job show`: queue, attempts, assets, transcodes, callbacks, dead letters and archive.

    Exit code 1 when nothing is known of it, or something of it lies in the dead-letter queue.
    """
    attempts = find(cloud, job_id=job_id, listing_id=listing_id)
    listings = {one.keys.listing_id for one in attempts} | ({listing_id} if listing_id else set())
    described = [describe(cloud, one) for one in attempts]
    tables: dict[str, list[dict[str, Any]]] = {
        "executions": described,
        "assets": [row for one in attempts for row in _asset_rows(cloud, one)],
        "transcodes": [
            {"job": one.keys.job_id, "retry": one.keys.retry, **row}
            for one, seen in zip(attempts, described, strict=True)
            if one.kind == "processing" and seen.get("started")
            for row in transcodes(cloud, one, since=seen["started"])
        ],
        "callbacks": [
            _callback_row(cloud, one, seen) for one, seen in zip(attempts, described, strict=True)
        ],
        "deadLetters": rows_of_job(cloud, listing_id=listing_id, job_id=job_id),
        "archived": [row for listing in sorted(listings) for row in archived_rows(cloud, listing)],
    }
    return Outcome(
        title=_title(job_id, listing_id),
        facts={"queue": _depth(cloud, cloud.names.queue), "attempts": len(attempts)},
        tables=tables,
        exit_code=0 if attempts and not tables["deadLetters"] else 1,
    )


def replay(cloud: Cloud, attempt: Attempt, *, scope: Scope, yes: bool) -> Outcome:
    """`job replay`: the job again under its next retry number, whole or for what failed.

    A processing job goes to the queue as the backend sends it. A finalization is started as the
    backend starts it, with the input it had.
    """
    if attempt.kind == "finalization":
        if scope == "failed":
            raise OpsError("a finalization has no single assets; replay it whole")
        return _replay_finalization(cloud, attempt, yes=yes)
    assets = _assets_to_replay(cloud, attempt.keys, scope)
    following = _following(cloud, attempt)
    message = JobMessage(
        job_id=attempt.keys.job_id,
        listing_identity_id=attempt.keys.listing_id,
        assets=list(assets),
        retry=following.keys.retry,
    )
    if yes:
        _send(cloud, message)
    return Outcome(
        title=f"replay {attempt.name} as {following.name}",
        facts={
            "queue": cloud.names.queue,
            "retry": following.keys.retry,
            "assets": len(assets),
            "note": _WARNING,
        },
        tables={"assets": [{"key": one.key, "type": one.type} for one in assets]},
        done=yes,
    )


def _replay_finalization(cloud: Cloud, attempt: Attempt, *, yes: bool) -> Outcome:
    try:
        seen = cloud.states.describe_execution(executionArn=execution_arn(cloud, attempt))
    except cloud.states.exceptions.ExecutionDoesNotExist:
        raise NotThereError(f"{attempt.name}: Step Functions does not know it any more") from None
    following = _following(cloud, attempt)
    given = {**json.loads(seen["input"]), "retry": following.keys.retry}
    if yes:
        cloud.states.start_execution(
            stateMachineArn=machine_arn(cloud, "finalization"),
            name=following.name,
            input=json.dumps(given),
        )
    return Outcome(
        title=f"replay {attempt.name} as {following.name}",
        facts={
            "retry": following.keys.retry,
            "assets": len(given.get("assets", [])),
            "note": _WARNING,
        },
        done=yes,
    )


def _assets_to_replay(cloud: Cloud, keys: JobKeys, scope: Scope) -> Sequence[AssetRef]:
    """Assets of the request; with `failed` those whose callback told an error.

    Raises:
        NotThereError: the request is gone, or nothing failed.
    """
    assets = working_files.request(cloud, keys).assets
    if scope == "all":
        return assets
    body = working_files.callback_body(cloud, keys)
    if body is None:
        raise NotThereError(f"{keys.callback}: there is none yet; what failed is not known")
    outputs = body.get("outputs") or []
    if not outputs and body.get("status") != "SUCCEEDED":
        return assets  # the job failed as a whole
    failed = {output["rawKey"] for output in outputs if output.get("errorCode")}
    chosen = [asset for asset in assets if asset.key in failed]
    if not chosen:
        raise NotThereError(f"job {keys.job_id}: none of its {len(assets)} assets failed")
    return chosen


def _following(cloud: Cloud, attempt: Attempt) -> Attempt:
    """The first attempt after this one whose number was never used.

    Names of executions cannot be used again for 90 days.
    """
    keys = attempt.keys
    for retry in range(keys.retry + 1, MAX_RETRY + 1):
        following = Attempt(
            kind=attempt.kind,
            keys=JobKeys(listing_id=keys.listing_id, job_id=keys.job_id, retry=retry),
        )
        if not exists(cloud, following):
            return following
    raise OpsError(f"job {keys.job_id}: retry {MAX_RETRY} is the last; send it as a new job")


def _send(cloud: Cloud, message: JobMessage) -> None:
    """Body and attributes of contract 1.3."""
    attributes = {
        "ListingIdentityId": str(message.listing_identity_id),
        "JobId": str(message.job_id),
        "RetryCount": str(message.retry),
        "Traceparent": traceparent_or_new(None),
    }
    cloud.sqs.send_message(
        QueueUrl=cloud.queue_url(cloud.names.queue),
        MessageBody=encode(message).decode(),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def _asset_rows(cloud: Cloud, attempt: Attempt) -> list[dict[str, Any]]:
    lines = working_files.assets(cloud, attempt.keys) if attempt.kind == "processing" else []
    ids = {"job": attempt.keys.job_id, "retry": attempt.keys.retry}
    return [{**ids, **asdict(line)} for line in lines]


def _callback_row(cloud: Cloud, attempt: Attempt, seen: dict[str, Any]) -> dict[str, Any]:
    body = working_files.callback_body(cloud, attempt.keys)
    receipt = working_files.read(cloud, attempt.keys.receipt)
    told = json.loads(receipt) if receipt else {}
    return {
        "job": attempt.keys.job_id,
        "retry": attempt.keys.retry,
        "status": (body or {}).get("status", ""),
        "reason": (body or {}).get("failureReason", ""),
        "attempts": seen.get("callbackAttempts", 0),
        "delivered": told.get("deliveredAt", ""),
        "answer": told.get("status", ""),
        "deliveryId": told.get("deliveryId", ""),
    }


def _depth(cloud: Cloud, queue: str) -> str:
    """Counts only: a look at the messages would count as a receive, and five make a dead letter."""
    counts = cloud.sqs.get_queue_attributes(
        QueueUrl=cloud.queue_url(queue),
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    waiting = counts["ApproximateNumberOfMessages"]
    return f"{waiting} waiting, {counts['ApproximateNumberOfMessagesNotVisible']} in work"


def _title(job_id: int | None, listing_id: int | None) -> str:
    named = [
        f"{name} {number}" for name, number in (("job", job_id), ("listing", listing_id)) if number
    ]
    return " of ".join(named)
