"""Callbacks: who may speak, of which attempt, and only once (contract 1.7, notes 43 to 49)."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.context import Context
from backend.db.models import TERMINAL, Delivery, Job
from backend.errors import ConflictError, ForbiddenError, NotFoundError
from backend.schemas import CallbackData
from backend.services.callback_body import CallbackBody, parse
from backend.services.jobs import kind_of
from backend.services.results import finish_finalization, finish_processing, job_status_of
from toq_media.keys import JobKeys
from toq_media.signing import DELIVERY, SIGNATURE_V2, delivery_id, verify

_LOGGER = logging.getLogger(__name__)
_NAME = re.compile(r":(process|finalization)-(\d+)-(\d+)-(\d+)$")
_MAX_DELIVERY_ID = 100


@dataclass(frozen=True, kw_only=True)
class Result:
    """A result with its proof of identity: the delivery's id is bound to the body."""

    body: CallbackBody
    raw: bytes
    delivery: str
    attempt: int | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the raw body."""
        return hashlib.sha256(self.raw).hexdigest()


def receive(context: Context, raw: bytes, headers: Mapping[str, str]) -> CallbackData:
    """Take a callback from the network.

    Raises:
        ForbiddenError: the signature or its time is not valid.
        BadRequestError: the body breaks the contract.
        NotFoundError: there is no such job.
        ConflictError: the job is another listing's, or the delivery's id had another body.
    """
    secrets = context.settings.callback_secrets
    refusal = verify(raw, headers, secrets, now=context.clock().timestamp())
    if refusal:
        raise ForbiddenError("BAD_SIGNATURE", refusal)
    names = {name.lower(): value.strip() for name, value in headers.items()}
    # Only the second signature covers the id; without it the body is its own identity.
    given = names.get(DELIVERY.lower(), "") if SIGNATURE_V2.lower() in names else ""
    body = parse(raw)
    delivery = given[:_MAX_DELIVERY_ID] or f"sha256:{hashlib.sha256(raw).hexdigest()}"
    result = Result(body=body, raw=raw, delivery=delivery)
    return context.database.run(lambda session: apply(session, context, result))


def take_stored(context: Context, raw: bytes, keys: JobKeys) -> CallbackData:
    """Take a result that the pipeline left in S3 and whose callback never came; as `receive`."""
    result = Result(
        body=parse(raw), raw=raw, delivery=delivery_id(keys.callback), attempt=keys.retry
    )
    return context.database.run(lambda session: apply(session, context, result))


def apply(session: Session, context: Context, result: Result) -> CallbackData:
    """Give a result its effect, once, if it is of the attempt that the job waits for."""
    job = session.get(Job, result.body.job_id, with_for_update=True)
    if job is None:
        raise NotFoundError("JOB_NOT_FOUND", f"there is no job {result.body.job_id}")
    if job.listing_identity_id != result.body.listing_identity_id:
        raise ConflictError(
            "LISTING_MISMATCH",
            f"job {job.id} is not one of listing {result.body.listing_identity_id}",
        )
    ignored = _reason_to_ignore(session, job, result)
    if ignored:
        _LOGGER.info("service.media.callback.ignored", extra={"jobId": job.id, "reason": ignored})
        return CallbackData(status="ignored", reason=ignored)
    now = context.clock()
    status = job_status_of(result.body.status)
    if status not in TERMINAL:
        job.status = status
        job.updated_at = now
        return CallbackData(status="accepted")
    finish = finish_finalization if kind_of(job) == "finalization" else finish_processing
    finish(session, job, result.body, result.raw.decode(), now)
    session.add(
        Delivery(
            delivery_id=result.delivery, job_id=job.id, body_sha256=result.digest, received_at=now
        )
    )
    _LOGGER.info("service.media.callback.applied", extra={"jobId": job.id, "status": job.status})
    return CallbackData(status="accepted")


def _reason_to_ignore(session: Session, job: Job, result: Result) -> str:
    known = session.get(Delivery, result.delivery)
    if known is not None:
        if (known.job_id, known.body_sha256) != (job.id, result.digest):
            raise ConflictError(
                "DELIVERY_REUSED", f"delivery {result.delivery} came with another body before"
            )
        return "this delivery was taken before"
    attempt = _attempt_of(job, result)
    if attempt not in {None, job.retry_count}:
        return f"attempt {attempt} is over; the job is at attempt {job.retry_count}"
    if job.status in TERMINAL:
        return f"the job is {job.status} already"
    return ""


def _attempt_of(job: Job, result: Result) -> int | None:
    """Which attempt a result is of; None where neither id nor execution tells."""
    if result.attempt is not None:
        return result.attempt
    for retry in range(job.retry_count + 1):
        keys = JobKeys(listing_id=job.listing_identity_id, job_id=job.id, retry=retry)
        if result.delivery == delivery_id(keys.callback):
            return retry
    name = _NAME.search(result.body.execution_arn)
    if name is None:
        return None
    if (int(name[2]), int(name[3])) != (job.listing_identity_id, job.id):
        raise ConflictError(
            "EXECUTION_MISMATCH", f"execution {name[0][1:]} is not one of job {job.id}"
        )
    return int(name[4])
