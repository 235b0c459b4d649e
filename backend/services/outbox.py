"""What was committed is published afterwards, and again until it surely was.

A message may be published twice (a crash between the publishing and the note of it): executions
have names that only one can bear, and deleting what is deleted is nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.context import Context
from backend.db.models import ACTIVE, Asset, Job, JobAttempt, OutboxMessage
from backend.ports import AwsError
from backend.services.jobs import execution_name, kind_of
from backend.services.object_keys import DELETE_OBJECTS, derived_keys
from backend.services.results import fail_job
from toq_media.contracts import FinalizationInput, JobMessage, JobRequest, decode, encode
from toq_media.errors import JobConflictError
from toq_media.keys import JobKeys

_LOGGER = logging.getLogger(__name__)

CLAIM = timedelta(seconds=60)
"""How long a publisher has a message to itself; after a crash it is free again."""

_BATCH = 200


@dataclass(frozen=True, kw_only=True)
class _Claimed:
    """A message as its publisher holds it, outside any transaction."""

    id: int
    kind: str
    body: str
    job: Job | None = None


def publish_all(context: Context, message_ids: Iterable[int]) -> None:
    """Publish right after the commit; what fails stays for the reconciler."""
    for message_id in message_ids:
        publish(context, message_id)


def publish_open(context: Context) -> int:
    """Publish whatever is still open and nobody is at; how many were."""

    def open_ids(session: Session) -> list[int]:
        free = or_(
            OutboxMessage.claimed_until.is_(None), OutboxMessage.claimed_until <= context.clock()
        )
        query = (
            select(OutboxMessage.id)
            .where(OutboxMessage.published_at.is_(None), free)
            .order_by(OutboxMessage.id)
            .limit(_BATCH)
        )
        return list(session.scalars(query))

    return sum(publish(context, one) for one in context.database.run(open_ids))


def publish(context: Context, message_id: int) -> bool:
    """Publish one message; False if it was published before, is claimed, or could not be."""
    claimed = context.database.run(lambda session: _claim(session, context, message_id))
    if claimed is None:
        return False
    try:
        _send(context, claimed)
    except AwsError as error:
        _LOGGER.warning(
            "service.media.outbox.failed", extra={"outboxId": message_id, "error": str(error)}
        )
        text = str(error)
        context.database.run(lambda session: _release(session, message_id, text))
        return False
    except JobConflictError as error:
        text = str(error)
        context.database.run(lambda session: _give_up(session, context, message_id, text))
        return False
    context.database.run(lambda session: _note(session, context, message_id))
    return True


def _claim(session: Session, context: Context, message_id: int) -> _Claimed | None:
    now = context.clock()
    message = session.get(OutboxMessage, message_id, with_for_update=True)
    if message is None or message.published_at is not None:
        return None
    if message.claimed_until is not None and message.claimed_until > now:
        return None
    job = session.get(Job, message.job_id) if message.job_id is not None else None
    if job is not None and (job.status not in ACTIVE or job.retry_count != message.retry):
        message.published_at = now
        message.last_error = f"dropped: attempt {message.retry} is over"
        return None
    message.claimed_until = now + CLAIM
    message.attempts += 1
    body = message.body
    if message.kind == DELETE_OBJECTS:
        body = json.dumps(_without_living(session, json.loads(body)))
    return _Claimed(id=message.id, kind=message.kind, body=body, job=job)


def _without_living(session: Session, keys: list[str]) -> list[str]:
    """Keys that no asset has by now: the same place may have been uploaded to again."""
    if not keys:
        return keys
    listing_id = int(keys[0].split("/", 1)[0])
    query = select(Asset.s3_key_raw).where(Asset.listing_identity_id == listing_id)
    living = {key for raw in session.scalars(query) for key in derived_keys(listing_id, raw)}
    return [key for key in keys if key not in living]


def _send(context: Context, message: _Claimed) -> None:
    if message.kind == DELETE_OBJECTS:
        context.aws.storage.delete_all_versions(json.loads(message.body))
        return
    request = decode(message.body, JobRequest)
    if message.job is None:
        raise AssertionError(f"outbox message {message.id} has no job")
    if kind_of(message.job) == "finalization":
        _start_finalization(context, request, message.job.traceparent)
    else:
        _enqueue(context, request, message.job.traceparent)


def _enqueue(context: Context, request: JobRequest, traceparent: str) -> None:
    """Body and attributes of contract 1.3."""
    message = JobMessage(
        job_id=request.job_id,
        listing_identity_id=request.listing_identity_id,
        assets=list(request.assets),
        retry=request.retry,
    )
    attributes = {
        "ListingIdentityId": str(request.listing_identity_id),
        "JobId": str(request.job_id),
        "RetryCount": str(request.retry),
        "Traceparent": traceparent,
    }
    context.aws.queue.send(encode(message).decode(), attributes)


def _start_finalization(context: Context, request: JobRequest, traceparent: str) -> None:
    """The asset list goes by reference: an execution's input ends at 256 KiB."""
    body = encode(request)
    keys = JobKeys(
        listing_id=request.listing_identity_id, job_id=request.job_id, retry=request.retry
    )
    request_key = keys.request(hashlib.sha256(body).hexdigest()[:16])
    context.aws.storage.write(request_key, body)
    payload = FinalizationInput(
        job_id=request.job_id,
        listing_identity_id=request.listing_identity_id,
        request_key=request_key,
        retry=request.retry,
        traceparent=traceparent,
    )
    name = execution_name(
        "finalization", request.listing_identity_id, request.job_id, request.retry
    )
    context.aws.executions.start("finalization", name, encode(payload))


def _note(session: Session, context: Context, message_id: int) -> None:
    """Published. The callback may have been faster: only a job that still waits becomes RUNNING."""
    now = context.clock()
    message = session.get_one(OutboxMessage, message_id, with_for_update=True)
    message.published_at = now
    message.claimed_until = message.last_error = None
    if message.job_id is None:
        return
    job = session.get_one(Job, message.job_id, with_for_update=True)
    attempt = session.get_one(JobAttempt, (message.job_id, message.retry))
    attempt.published_at = now
    if job.status == "PENDING" and job.retry_count == message.retry:
        job.status = attempt.status = "RUNNING"
        job.updated_at = now


def _release(session: Session, message_id: int, error: str) -> None:
    message = session.get_one(OutboxMessage, message_id, with_for_update=True)
    message.claimed_until = None
    message.last_error = error


def _give_up(session: Session, context: Context, message_id: int, error: str) -> None:
    message = session.get_one(OutboxMessage, message_id, with_for_update=True)
    message.published_at = context.clock()
    message.last_error = error
    if message.job_id is not None:
        job = session.get_one(Job, message.job_id, with_for_update=True)
        if job.status in ACTIVE and job.retry_count == message.retry:
            fail_job(session, job, "JOB_CONFLICT", error, context.clock())
