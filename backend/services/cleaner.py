"""Old jobs go; the one that made a listing's present bundle stays (field note 55)."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.orm import Session

from backend.context import Context
from backend.db.models import TERMINAL, Job, OutboxMessage
from backend.services.leases import acquire, release
from toq_media.contracts import PROVIDER_FINALIZATION

_LOGGER = logging.getLogger(__name__)

LEASE = "cleaner"
LEASE_LENGTH = timedelta(minutes=10)


def clean(context: Context, holder: str) -> int | None:
    """Delete one batch; how many jobs went, or None if another replica is at it."""
    if not acquire(context, LEASE, holder, LEASE_LENGTH):
        return None
    try:
        deleted = context.database.run(lambda session: _delete_batch(session, context))
    finally:
        release(context, LEASE, holder)
    _LOGGER.info("service.media.clean.completed", extra={"deleted": deleted})
    return deleted


def _delete_batch(session: Session, context: Context) -> int:
    cutoff = context.clock() - timedelta(days=context.settings.job_retention_days)
    bundled = and_(Job.provider == PROVIDER_FINALIZATION, Job.status == "SUCCEEDED")
    newest = (
        select(Job.listing_identity_id, func.max(Job.completed_at).label("completed_at"))
        .where(bundled)
        .group_by(Job.listing_identity_id)
        .subquery()
    )
    query = (
        select(Job.id)
        .outerjoin(newest, newest.c.listing_identity_id == Job.listing_identity_id)
        .where(
            Job.status.in_(TERMINAL),
            func.coalesce(Job.completed_at, Job.created_at) < cutoff,
            or_(~bundled, Job.completed_at != newest.c.completed_at),
        )
        .order_by(Job.id)
        .limit(context.settings.cleanup_batch_size)
    )
    ids = list(session.scalars(query))
    session.execute(delete(Job).where(Job.id.in_(ids)))
    session.execute(delete(OutboxMessage).where(OutboxMessage.published_at < cutoff))
    return len(ids)
