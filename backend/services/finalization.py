"""From processed assets to a bundle."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.auth import Principal
from backend.context import Context
from backend.db.models import ACTIVE, Asset, Job
from backend.errors import ConflictError
from backend.services.access import listing_for, require_uploadable
from backend.services.approval import AWAITING_OWNER
from backend.services.attempts import begin_attempt, new_job
from backend.services.outbox import publish_all
from toq_media.contracts import PROVIDER_FINALIZATION

_LOGGER = logging.getLogger(__name__)


def complete(context: Context, caller: Principal, listing_id: int, *, traceparent: str) -> int:
    """Commit the finalization job, then start it; its id.

    Asked again while the bundle is being made, it answers with the same job; after a failed bundle
    it makes the next attempt (field note 54).

    Raises:
        ConflictError: the listing's status, no assets, or some that are not processed.
        NotFoundError, ForbiddenError: see `listing_for`.
    """

    def work(session: Session) -> tuple[int, list[int]]:
        listing = listing_for(session, caller, listing_id, lock=True)
        last = _latest(session, listing_id)
        if last is not None and last.status in ACTIVE:
            return last.id, []
        again = last is not None and last.status == "FAILED" and listing.status == AWAITING_OWNER
        if not again:
            require_uploadable(listing)
        assets = ready_assets(session, listing_id)
        if last is not None and again:
            job, retry = last, last.retry_count + 1
        else:
            job, retry = new_job(session, context, "finalization", listing_id, traceparent), 0
        message = begin_attempt(session, context, job, assets, retry=retry)
        listing.status = AWAITING_OWNER
        listing.updated_at = context.clock()
        return job.id, [message.id]

    job_id, message_ids = context.database.run(work)
    publish_all(context, message_ids)
    _LOGGER.info(
        "service.media.complete.started_zip",
        extra={"listingIdentityId": listing_id, "jobId": job_id, "traceparent": traceparent},
    )
    return job_id


def ready_assets(session: Session, listing_id: int) -> list[Asset]:
    """All of the listing's assets, every one processed.

    Raises:
        ConflictError: there is none, or some are not processed; names each.
    """
    query = select(Asset).where(Asset.listing_identity_id == listing_id)
    assets = list(session.scalars(query.order_by(Asset.asset_type, Asset.sequence)))
    if not assets:
        raise ConflictError("NO_ASSETS", f"listing {listing_id} has no media to complete")
    waiting = [
        {"assetType": asset.asset_type, "sequence": asset.sequence, "status": asset.status}
        for asset in assets
        if asset.status != "PROCESSED" or not asset.s3_key_processed
    ]
    if waiting:
        names = ", ".join(
            f"{one['assetType']} {one['sequence']} is {one['status']}" for one in waiting[:3]
        )
        more = f" (and {len(waiting) - 3} more)" if len(waiting) > 3 else ""
        raise ConflictError("ASSETS_NOT_READY", names + more, waiting)
    return assets


def _latest(session: Session, listing_id: int) -> Job | None:
    return session.scalar(
        select(Job)
        .where(Job.listing_identity_id == listing_id, Job.provider == PROVIDER_FINALIZATION)
        .order_by(Job.id.desc())
        .limit(1)
        .with_for_update()
    )
