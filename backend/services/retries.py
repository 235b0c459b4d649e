"""Doing a job again: the whole of it, what failed, or only the taking of its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.auth import Principal
from backend.context import Context
from backend.db.models import TERMINAL, Asset, Job
from backend.errors import ConflictError
from backend.services.access import job_for, listing_for, require_uploadable
from backend.services.attempts import begin_attempt
from backend.services.callbacks import take_stored
from backend.services.finalization import ready_assets
from backend.services.jobs import kind_of
from backend.services.outbox import publish_all
from backend.services.precheck import Expected, check_uploads, expected_of
from backend.services.processing import unchanged
from backend.services.results import NO_RESULT
from toq_media.keys import JobKeys

Scope = Literal["whole", "failed", "callback"]


def retry(context: Context, caller: Principal, job_id: int, scope: Scope) -> None:
    """Do it again.

    Raises:
        ConflictError: the job still runs, has nothing to do again, or left no result to take.
        BadRequestError: originals that are gone or changed.
        NotFoundError, ForbiddenError: see `job_for`.
    """
    job = context.database.run(lambda session: job_for(session, caller, job_id))
    if scope == "callback":
        _take_result(context, caller, job)
    elif kind_of(job) == "finalization":
        _bundle_again(context, caller, job_id)
    else:
        _process_again(context, caller, job_id, scope)


def _take_result(context: Context, caller: Principal, job: Job) -> None:
    """Take the result from S3; a job that was given up without one is opened for it."""
    keys = JobKeys(listing_id=job.listing_identity_id, job_id=job.id, retry=job.retry_count)
    raw = context.aws.storage.read(keys.callback)
    if raw is None:
        raise ConflictError("NO_RESULT", f"attempt {keys.retry} of job {job.id} left no result")

    def reopen(session: Session) -> None:
        current = job_for(session, caller, job.id, lock=True)
        if current.status not in TERMINAL:
            return
        if current.callback_body is not None or current.retry_count != keys.retry:
            raise ConflictError("ALREADY_TAKEN", f"the result of job {job.id} was taken before")
        current.status = "RUNNING"
        query = select(Asset).where(Asset.job_id == job.id, Asset.error_code == NO_RESULT)
        for asset in session.scalars(query.with_for_update()):
            asset.status = "PROCESSING"

    context.database.run(reopen)
    take_stored(context, raw, keys)


def _process_again(context: Context, caller: Principal, job_id: int, scope: Scope) -> None:
    def read(session: Session) -> list[Expected]:
        job = _ended(session, caller, job_id)
        return expected_of(_assets(session, job, scope))

    expected = context.database.run(read)
    check_uploads(context, expected)

    def commit(session: Session) -> int:
        job = _ended(session, caller, job_id, lock=True)
        assets = unchanged(session, expected)
        return begin_attempt(session, context, job, assets, retry=job.retry_count + 1).id

    publish_all(context, [context.database.run(commit)])


def _bundle_again(context: Context, caller: Principal, job_id: int) -> None:
    def commit(session: Session) -> int:
        job = job_for(session, caller, job_id, lock=True)
        if job.status != "FAILED":
            raise ConflictError(
                "JOB_NOT_FAILED", f"job {job_id} is {job.status}; only a failed bundle is remade"
            )
        assets = ready_assets(session, job.listing_identity_id)
        return begin_attempt(session, context, job, assets, retry=job.retry_count + 1).id

    publish_all(context, [context.database.run(commit)])


def _ended(session: Session, caller: Principal, job_id: int, *, lock: bool = False) -> Job:
    job = job_for(session, caller, job_id, lock=lock)
    if not caller.operator:
        require_uploadable(listing_for(session, caller, job.listing_identity_id))
    if job.status not in TERMINAL:
        raise ConflictError("JOB_RUNNING", f"job {job_id} is {job.status}; it has not ended yet")
    return job


def _assets(session: Session, job: Job, scope: Scope) -> Sequence[Asset]:
    query = select(Asset).where(Asset.job_id == job.id).order_by(Asset.id)
    if scope == "failed":
        query = query.where(Asset.status == "FAILED")
    assets = session.scalars(query).all()
    if not assets:
        kind = "failed assets" if scope == "failed" else "assets"
        raise ConflictError("NOTHING_TO_RETRY", f"job {job.id} has no {kind} any more")
    return assets
