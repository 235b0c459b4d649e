"""Deleting an asset: its row first, then every version of its objects (field notes 60, 61)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.auth import Principal
from backend.context import Context
from backend.errors import ConflictError
from backend.schemas import AssetRequest
from backend.services.access import listing_for
from backend.services.media import asset_at
from backend.services.object_keys import enqueue_deletion
from backend.services.outbox import publish_all


def delete_asset(context: Context, caller: Principal, place: AssetRequest) -> None:
    """Delete the row, then the objects; what a crash leaves, the reconciler deletes.

    Raises:
        NotFoundError: there is no such asset; or as `listing_for`.
        ConflictError: it is being processed: files made afterwards would stay for ever.
    """

    def work(session: Session) -> int:
        listing_for(session, caller, place.listing_identity_id, lock=True)
        asset = asset_at(session, place)
        if asset.status == "PROCESSING":
            raise ConflictError(
                "ASSET_PROCESSING",
                f"{asset.asset_type} {asset.sequence} is being processed by job {asset.job_id}; "
                "delete it when the job has ended",
                {"jobId": asset.job_id},
            )
        message = enqueue_deletion(
            session, asset.listing_identity_id, asset.s3_key_raw, context.clock()
        )
        session.delete(asset)
        session.flush()
        return message.id

    publish_all(context, [context.database.run(work)])
