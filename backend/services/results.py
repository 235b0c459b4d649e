"""What a result does to a job and to its own assets, and to nothing else."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import Asset, Job, JobAttempt
from backend.services.callback_body import CallbackBody, Output
from toq_media.errors import InvalidKeyError
from toq_media.keys import BEST_FIRST, bundle_path

_LOGGER = logging.getLogger(__name__)

NO_RESULT = "NO_RESULT"
"""Error code of assets whose job ended without anybody telling what became of them."""

_JOB_STATUS = {
    "SUCCEEDED": "SUCCEEDED",
    "PARTIAL_SUCCESS": "PARTIAL_SUCCESS",
    "PROCESSING_FAILED": "FAILED",
    "VALIDATION_FAILED": "FAILED",
    "FINALIZATION_FAILED": "FAILED",
    "FAILED": "FAILED",
    "TIMED_OUT": "FAILED",
    "ABORTED": "FAILED",
}


def job_status_of(callback_status: str) -> str:
    """A callback's status as a job's; one that we do not know means RUNNING (contract 1.7)."""
    return _JOB_STATUS.get(callback_status, "RUNNING")


def finish_processing(
    session: Session, job: Job, body: CallbackBody, raw: str, now: datetime
) -> None:
    """Take a processing result; assets it does not speak of have failed, too."""
    waiting = _waiting(session, job)
    for output in body.outputs:
        asset = waiting.pop(output.raw_key, None)
        if asset is None:
            _LOGGER.warning(
                "service.media.callback.asset_lookup_error",
                extra={"jobId": job.id, "rawKey": output.raw_key},
            )
            continue
        _take_output(asset, output, now)
    code, message = body.failure()
    for asset in waiting.values():
        _fail_asset(asset, code or NO_RESULT, message or "the job's result does not name it", now)
    _finish(session, job, body, raw, now)


def finish_finalization(
    session: Session, job: Job, body: CallbackBody, raw: str, now: datetime
) -> None:
    """Take a bundle's result (payload as in contract 1.9)."""
    payload: dict[str, Any] = {
        "zipBundles": body.zip_bundles,
        "assetsZipped": body.assets_zipped,
        "zipSizeBytes": body.zip_size_bytes,
        "unzippedSizeBytes": body.unzipped_size_bytes,
    }
    job.payload = {**payload, "skipped": body.skipped} if body.skipped else payload
    _finish(session, job, body, raw, now)


def fail_job(session: Session, job: Job, code: str, message: str, now: datetime) -> None:
    """End a job that no callback will end, with its own waiting assets (field note 51)."""
    for asset in _waiting(session, job).values():
        _fail_asset(asset, NO_RESULT, message, now)
    _end(session, job, "FAILED", f"{code}: {message}", now)


def _finish(session: Session, job: Job, body: CallbackBody, raw: str, now: datetime) -> None:
    job.callback_body = raw
    code, message = body.failure()
    error = f"{code}: {message}".strip(": ") or None
    _end(session, job, job_status_of(body.status), error, now)


def _end(session: Session, job: Job, status: str, error: str | None, now: datetime) -> None:
    job.status = status
    job.completed_at = job.updated_at = now
    job.last_error = error
    attempt = session.get(JobAttempt, (job.id, job.retry_count))
    if attempt is not None:
        attempt.status = status
        attempt.completed_at = now
        attempt.last_error = error


def _waiting(session: Session, job: Job) -> dict[str, Asset]:
    query = select(Asset).where(Asset.job_id == job.id, Asset.status == "PROCESSING")
    return {asset.s3_key_raw: asset for asset in session.scalars(query.with_for_update())}


def _take_output(asset: Asset, output: Output, now: datetime) -> None:
    if output.error_code or output.error_message:
        _fail_asset(asset, output.error_code or "UNKNOWN", output.error_message, now)
        return
    if not output.processed_key:
        _fail_asset(asset, "MISSING_PROCESSED_KEY", "the result names no processed key", now)
        return
    renditions = {
        size: key
        for name, key in output.outputs.items()
        if (size := name.split("_", 1)[0]) in BEST_FIRST and key
    }
    if output.thumbnail_key:
        renditions.setdefault("thumbnail", output.thumbnail_key)
    try:
        for key in (output.processed_key, *renditions.values()):
            bundle_path(key, listing_id=asset.listing_identity_id)
    except InvalidKeyError as error:
        _fail_asset(asset, "INVALID_KEY", str(error), now)
        return
    asset.status = "PROCESSED"
    asset.s3_key_processed = output.processed_key
    asset.renditions = renditions
    asset.error_code = asset.error_message = None
    asset.updated_at = now


def _fail_asset(asset: Asset, code: str, message: str, now: datetime) -> None:
    asset.status = "FAILED"
    asset.error_code = code[:100]
    asset.error_message = message
    asset.updated_at = now
