"""From uploaded assets to jobs in the queue."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.auth import Principal
from backend.context import Context
from backend.db.models import Asset
from backend.errors import BadRequestError, ConflictError
from backend.services.access import listing_for, require_uploadable
from backend.services.attempts import begin_attempt, new_job
from backend.services.outbox import publish_all
from backend.services.precheck import Expected, check_uploads, expected_of
from toq_media.contracts import AssetRef, encode

_LOGGER = logging.getLogger(__name__)

PROCESSABLE = ("PENDING_UPLOAD", "FAILED")
MAX_ASSETS_BYTES = 240_000
"""Of a message's assets: SQS takes 262,144 bytes in all, attributes included."""


def start_processing(
    context: Context, caller: Principal, listing_id: int, *, traceparent: str
) -> list[int]:
    """Check every upload, commit the jobs, then publish them; the jobs' ids.

    Raises:
        BadRequestError: nothing to process, or uploads that are not what was declared.
        ConflictError: the listing's status, or a change while S3 was asked.
        NotFoundError, ForbiddenError: see `listing_for`.
    """

    def read(session: Session) -> list[Expected]:
        require_uploadable(listing_for(session, caller, listing_id))
        query = select(Asset).where(
            Asset.listing_identity_id == listing_id, Asset.status.in_(PROCESSABLE)
        )
        return expected_of(session.scalars(query.order_by(Asset.id)).all())

    expected = context.database.run(read)
    if not expected:
        raise BadRequestError("NOTHING_TO_PROCESS", "no asset waits for processing")
    check_uploads(context, expected)

    def commit(session: Session) -> tuple[list[int], list[int]]:
        require_uploadable(listing_for(session, caller, listing_id, lock=True))
        assets = unchanged(session, expected)
        jobs, messages = [], []
        for part in _by_message(assets):
            job = new_job(session, context, "processing", listing_id, traceparent)
            messages.append(begin_attempt(session, context, job, part, retry=0).id)
            jobs.append(job.id)
        return jobs, messages

    job_ids, message_ids = context.database.run(commit)
    publish_all(context, message_ids)
    _LOGGER.info(
        "service.media.process.started",
        extra={"listingIdentityId": listing_id, "jobIds": job_ids, "traceparent": traceparent},
    )
    return job_ids


def unchanged(session: Session, expected: Sequence[Expected]) -> list[Asset]:
    """The assets that were checked, locked.

    Raises:
        ConflictError: one was changed or deleted meanwhile.
    """
    ids = [one.asset_id for one in expected]
    query = select(Asset).where(Asset.id.in_(ids)).order_by(Asset.id).with_for_update()
    assets = list(session.scalars(query))
    found = {asset.id: asset.version for asset in assets}
    changed = [one.key for one in expected if found.get(one.asset_id) != one.version]
    if changed:
        raise ConflictError(
            "MEDIA_CHANGED",
            f"{changed[0]} was changed by another request meanwhile; ask again",
            {"keys": changed},
        )
    return assets


def _by_message(assets: Sequence[Asset]) -> list[list[Asset]]:
    """As few groups as fit into one message each."""
    groups: list[list[Asset]] = [[]]
    room = MAX_ASSETS_BYTES
    for asset in assets:
        size = len(encode(AssetRef(key=asset.s3_key_raw, type=asset.asset_type))) + 1
        if size > room:
            groups.append([])
            room = MAX_ASSETS_BYTES
        groups[-1].append(asset)
        room -= size
    return groups
