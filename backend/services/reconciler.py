"""What nobody told us: asks Step Functions before it judges (field notes 50 to 53)."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.context import Context
from backend.db.models import ACTIVE, Job, OutboxMessage
from backend.errors import ApiError
from backend.ports import AwsError, Execution
from backend.services.callbacks import take_stored
from backend.services.leases import acquire, release
from backend.services.outbox import publish_open
from backend.services.results import fail_job
from toq_media.keys import JobKeys

_LOGGER = logging.getLogger(__name__)

LEASE = "reconciler"
LEASE_LENGTH = timedelta(minutes=10)
_BATCH = 200
_RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})


@dataclass(frozen=True, kw_only=True)
class _Overdue:
    """A job that should have ended, as it was read."""

    arn: str
    keys: JobKeys
    started_at: datetime


def reconcile(context: Context, holder: str) -> Counter[str] | None:
    """One pass; what was done how often, or None if another replica is at it."""
    if not acquire(context, LEASE, holder, LEASE_LENGTH):
        return None
    try:
        done: Counter[str] = Counter(published=publish_open(context))
        for job in context.database.run(lambda session: _overdue(session, context)):
            try:
                done[_judge(context, job)] += 1
            except AwsError as error:
                done["unanswered"] += 1
                _LOGGER.warning(
                    "service.media.reconcile.unanswered",
                    extra={"jobId": job.keys.job_id, "error": str(error)},
                )
    finally:
        release(context, LEASE, holder)
    _LOGGER.info("service.media.reconcile.completed", extra=dict(done))
    return done


def _overdue(session: Session, context: Context) -> list[_Overdue]:
    """Jobs past the limit whose message was published: the others were never begun."""
    cutoff = context.clock() - timedelta(minutes=context.settings.stuck_job_timeout_minutes)
    waiting = (
        select(OutboxMessage.id)
        .where(
            OutboxMessage.job_id == Job.id,
            OutboxMessage.retry == Job.retry_count,
            OutboxMessage.published_at.is_(None),
        )
        .exists()
    )
    query = (
        select(Job)
        .where(Job.status.in_(ACTIVE), Job.started_at < cutoff, ~waiting)
        .order_by(Job.started_at)
        .limit(_BATCH)
    )
    return [
        _Overdue(
            arn=job.external_id or "",
            keys=JobKeys(listing_id=job.listing_identity_id, job_id=job.id, retry=job.retry_count),
            started_at=job.started_at or cutoff,
        )
        for job in session.scalars(query)
    ]


def _judge(context: Context, job: _Overdue) -> str:
    """Leave it, take its result, or end it."""
    execution = context.aws.executions.describe(job.arn)
    if execution is not None and execution.status in _RUNNING:
        limit = timedelta(minutes=context.settings.execution_limit_minutes)
        if context.clock() - job.started_at <= limit:
            return "running"
        cause = f"still running after {limit}, longer than its own limit"
        context.aws.executions.stop(job.arn, cause)
        return _fail(context, job, "OVER_TIME", cause)
    raw = context.aws.storage.read(job.keys.callback)
    if raw is not None:
        try:
            return f"result_{take_stored(context, raw, job.keys).status}"
        except ApiError as error:
            return _fail(context, job, "BAD_RESULT", f"{job.keys.callback}: {error.message}")
    return _fail(context, job, *_verdict(context, execution))


def _verdict(context: Context, execution: Execution | None) -> tuple[str, str]:
    if execution is None:
        minutes = context.settings.stuck_job_timeout_minutes
        return "NEVER_STARTED", (
            f"no execution began within {minutes} minutes; look for the message in the "
            "dead-letter queue"
        )
    told = f": {execution.error}: {execution.cause}" if execution.error else ""
    return (
        f"EXECUTION_{execution.status}",
        f"the execution ended as {execution.status} and left no result{told}",
    )


def _fail(context: Context, job: _Overdue, code: str, message: str) -> str:
    def work(session: Session) -> str:
        current = session.get(Job, job.keys.job_id, with_for_update=True)
        if current is None or current.status not in ACTIVE:
            return "ended_meanwhile"
        if current.retry_count != job.keys.retry:
            return "ended_meanwhile"
        fail_job(session, current, code, message, context.clock())
        return "failed"

    return context.database.run(work)
