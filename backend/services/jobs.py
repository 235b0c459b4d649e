"""Jobs as the API shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import cast
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import schemas
from backend.auth import Principal
from backend.context import Context
from backend.db.models import Asset, Job, JobAttempt
from backend.ports import JobKind
from backend.services.access import job_for, listing_for
from toq_media.contracts import PROVIDER_FINALIZATION

_LATEST = 50


def kind_of(job: Job) -> JobKind:
    """Which state machine the job runs on."""
    return "finalization" if job.provider == PROVIDER_FINALIZATION else "processing"


def execution_name(kind: JobKind, listing_id: int, job_id: int, retry: int) -> str:
    """Name that only this attempt's execution can have (design section 2)."""
    prefix = "finalization" if kind == "finalization" else "process"
    return f"{prefix}-{listing_id}-{job_id}-{retry}"


def job_view(context: Context, caller: Principal, job_id: int) -> schemas.Job:
    """One job.

    Raises:
        NotFoundError, ForbiddenError: see `job_for`.
    """

    def work(session: Session) -> schemas.Job:
        return views(session, [job_for(session, caller, job_id)])[0]

    return context.database.run(work)


def jobs_of_listing(context: Context, caller: Principal, listing_id: int) -> list[schemas.Job]:
    """The listing's latest jobs, latest first; raises as `listing_for` does."""

    def work(session: Session) -> list[schemas.Job]:
        listing_for(session, caller, listing_id)
        return latest_views(session, listing_id)

    return context.database.run(work)


def latest_views(session: Session, listing_id: int) -> list[schemas.Job]:
    """The listing's latest jobs, whoever asks."""
    query = (
        select(Job)
        .where(Job.listing_identity_id == listing_id)
        .order_by(Job.id.desc())
        .limit(_LATEST)
    )
    return views(session, session.scalars(query).all())


def views(session: Session, jobs: Sequence[Job]) -> list[schemas.Job]:
    """Jobs with their assets and attempts, by three queries however many they are."""
    ids = [job.id for job in jobs]
    assets: dict[int, list[Asset]] = defaultdict(list)
    attempts: dict[int, list[JobAttempt]] = defaultdict(list)
    for asset in session.scalars(select(Asset).where(Asset.job_id.in_(ids)).order_by(Asset.id)):
        assets[cast("int", asset.job_id)].append(asset)
    found = select(JobAttempt).where(JobAttempt.job_id.in_(ids)).order_by(JobAttempt.retry)
    for attempt in session.scalars(found):
        attempts[attempt.job_id].append(attempt)
    return [_view(job, assets[job.id], attempts[job.id]) for job in jobs]


def _view(job: Job, assets: list[Asset], attempts: list[JobAttempt]) -> schemas.Job:
    arn = job.external_id or ""
    return schemas.Job.model_validate(
        {
            "id": job.id,
            "listing_identity_id": job.listing_identity_id,
            "kind": kind_of(job),
            "status": job.status,
            "provider": job.provider,
            "execution_arn": arn,
            "execution_url": _console_url(arn),
            "retry_count": job.retry_count,
            "attempts": [_attempt_view(attempt) for attempt in attempts],
            "assets": [_asset_view(asset) for asset in assets],
            "payload": job.payload,
            "traceparent": job.traceparent,
            "last_error": job.last_error,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "completed_at": job.completed_at,
        }
    )


def _attempt_view(attempt: JobAttempt) -> schemas.Attempt:
    return schemas.Attempt(
        retry=attempt.retry,
        status=attempt.status,
        execution_arn=attempt.execution_arn,
        execution_url=_console_url(attempt.execution_arn),
        started_at=attempt.started_at,
        published_at=attempt.published_at,
        completed_at=attempt.completed_at,
        last_error=attempt.last_error,
    )


def _asset_view(asset: Asset) -> schemas.JobAsset:
    return schemas.JobAsset(
        id=asset.id,
        asset_type=asset.asset_type,
        sequence=asset.sequence,
        status=asset.status,
        s3_key_raw=asset.s3_key_raw,
        error_code=asset.error_code,
        error_message=asset.error_message,
    )


def _console_url(arn: str) -> str:
    parts = arn.split(":")
    if len(parts) < 4:
        return ""
    return (
        f"https://{parts[3]}.console.aws.amazon.com/states/home?region={parts[3]}"
        f"#/v2/executions/details/{quote(arn, safe=':')}"
    )
