"""One attempt of a job: its row, its execution's name, its message in the outbox."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from backend.context import Context
from backend.db.models import Asset, Job, JobAttempt, OutboxMessage
from backend.ports import JobKind
from backend.services.jobs import execution_name, kind_of
from toq_media.contracts import (
    PROVIDER_FINALIZATION,
    PROVIDER_PROCESSING,
    AssetRef,
    JobRequest,
    encode,
)

RUN_JOB = "RUN_JOB"
_PROVIDERS: dict[JobKind, str] = {
    "processing": PROVIDER_PROCESSING,
    "finalization": PROVIDER_FINALIZATION,
}


def new_job(
    session: Session, context: Context, kind: JobKind, listing_id: int, traceparent: str
) -> Job:
    """A job without attempts yet, with its id."""
    now = context.clock()
    job = Job(
        listing_identity_id=listing_id,
        status="PENDING",
        provider=_PROVIDERS[kind],
        retry_count=0,
        traceparent=traceparent,
        created_at=now,
        updated_at=now,
    )
    session.add(job)
    session.flush()
    return job


def begin_attempt(
    session: Session, context: Context, job: Job, assets: Sequence[Asset], *, retry: int
) -> OutboxMessage:
    """Make the job wait for this attempt's result; the message is published after the commit."""
    now = context.clock()
    kind = kind_of(job)
    name = execution_name(kind, job.listing_identity_id, job.id, retry)
    job.status = "PENDING"
    job.retry_count = retry
    job.external_id = context.aws.executions.arn(kind, name)
    job.started_at = job.updated_at = now
    job.completed_at = job.last_error = job.callback_body = None
    session.add(
        JobAttempt(
            job_id=job.id,
            retry=retry,
            status="PENDING",
            execution_arn=job.external_id,
            started_at=now,
        )
    )
    if kind == "processing":
        for asset in assets:
            asset.status = "PROCESSING"
            asset.job_id = job.id
            asset.error_code = asset.error_message = None
            asset.updated_at = now
    request = JobRequest(
        job_id=job.id,
        listing_identity_id=job.listing_identity_id,
        retry=retry,
        assets=[AssetRef(key=asset.s3_key_raw, type=asset.asset_type) for asset in assets],
    )
    message = OutboxMessage(
        job_id=job.id, retry=retry, kind=RUN_JOB, body=encode(request).decode(), created_at=now
    )
    session.add(message)
    session.flush()
    return message
