"""Presigned GETs; what cannot be served says why (field note 67)."""

from __future__ import annotations

from pathlib import PurePosixPath

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import schemas
from backend.auth import Principal
from backend.context import Context
from backend.db.models import Asset
from backend.services.access import listing_for
from backend.services.media import bundle_view

Found = tuple[schemas.DownloadItem, str] | schemas.DownloadRefusal


def urls(
    context: Context, caller: Principal, request: schemas.DownloadRequest
) -> schemas.DownloadAnswer:
    """URLs in the order of the request; raises as `listing_for` does."""

    def work(session: Session) -> list[Found]:
        listing_for(session, caller, request.listing_identity_id)
        query = select(Asset).where(Asset.listing_identity_id == request.listing_identity_id)
        assets = {(one.asset_type, one.sequence): one for one in session.scalars(query)}
        bundle = bundle_view(session, request.listing_identity_id)
        return [_find(item, assets, bundle) for item in request.requests]

    found = context.database.run(work)
    seconds = context.settings.download_url_ttl_seconds
    return schemas.DownloadAnswer(
        listing_identity_id=request.listing_identity_id,
        urls=[
            schemas.DownloadUrl(
                asset_type=item.asset_type,
                sequence=item.sequence,
                resolution=item.resolution,
                url=context.aws.storage.presign_get(
                    key, filename=PurePosixPath(key).name, seconds=seconds
                ),
                expires_in=seconds,
            )
            for one in found
            if isinstance(one, tuple)
            for item, key in [one]
        ],
        unavailable=[one for one in found if not isinstance(one, tuple)],
    )


def _find(
    item: schemas.DownloadItem,
    assets: dict[tuple[str, int], Asset],
    bundle: schemas.ZipBundle | None,
) -> Found:
    if item.resolution == "zip":
        if bundle is None:
            return _refused(item, "NO_BUNDLE", "the listing has no bundle yet")
        return schemas.DownloadItem(resolution="zip"), bundle.bundle_key
    asset = assets.get((item.asset_type.strip().upper(), item.sequence))
    if asset is None:
        return _refused(item, "ASSET_NOT_FOUND", "there is no such asset")
    key = asset.renditions.get(item.resolution)
    if key:
        return item, key
    if item.resolution == "original" and asset.status != "PENDING_UPLOAD":
        # Pictures have no copy under `processed/.../original/`: theirs is the upload (note 66).
        return item, asset.s3_key_raw
    return _refused(item, "NOT_AVAILABLE", f"the asset is {asset.status} and has no such file")


def _refused(item: schemas.DownloadItem, reason: str, message: str) -> schemas.DownloadRefusal:
    return schemas.DownloadRefusal(
        asset_type=item.asset_type,
        sequence=item.sequence,
        resolution=item.resolution,
        reason=reason,
        message=message,
    )
