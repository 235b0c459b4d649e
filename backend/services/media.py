"""A listing's assets as the API shows them, and changes that touch the database alone."""

from __future__ import annotations

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from backend import schemas
from backend.auth import Principal
from backend.context import Context
from backend.db.models import Asset, Job, Listing
from backend.errors import BadRequestError, NotFoundError
from backend.services.access import listing_for
from backend.services.jobs import latest_views
from toq_media.contracts import PROVIDER_FINALIZATION
from toq_media.keys import zip_key

MAX_METADATA_ENTRIES = 50


def listings_of(context: Context, caller: Principal) -> list[schemas.Listing]:
    """The caller's own listings; all of them for operators."""

    def work(session: Session) -> list[schemas.Listing]:
        query = select(Listing).order_by(Listing.id)
        if not caller.operator:
            query = query.where(Listing.owner == caller.subject)
        return [_listing_view(listing) for listing in session.scalars(query)]

    return context.database.run(work)


def list_media(
    context: Context, caller: Principal, wanted: schemas.MediaQuery
) -> schemas.MediaAnswer:
    """A page of assets and the latest bundle; raises as `listing_for` does."""

    def work(session: Session) -> schemas.MediaAnswer:
        listing_for(session, caller, wanted.listing_identity_id)
        chosen = _chosen(wanted)
        total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
        column = Asset.id if wanted.sort == "id" else Asset.sequence
        order = (column.desc(), Asset.id.desc()) if wanted.order == "desc" else (column, Asset.id)
        page = chosen.order_by(*order).offset((wanted.page - 1) * wanted.limit).limit(wanted.limit)
        return schemas.MediaAnswer(
            data=[asset_view(asset) for asset in session.scalars(page)],
            pagination=schemas.Pagination(
                page=wanted.page,
                limit=wanted.limit,
                total=total,
                total_pages=-(-total // wanted.limit),
            ),
            zip_bundle=bundle_view(session, wanted.listing_identity_id),
        )

    return context.database.run(work)


def snapshot(context: Context, caller: Principal, listing_id: int) -> schemas.Snapshot:
    """All of a listing; raises as `listing_for` does."""

    def work(session: Session) -> schemas.Snapshot:
        return _snapshot(session, listing_for(session, caller, listing_id))

    return context.database.run(work)


def snapshot_unchecked(context: Context, listing_id: int) -> schemas.Snapshot:
    """All of a listing for a caller who was let in before."""

    def work(session: Session) -> schemas.Snapshot:
        return _snapshot(session, session.get_one(Listing, listing_id))

    return context.database.run(work)


def add_listing(context: Context, listing_id: int, *, owner: str, title: str | None = None) -> None:
    """Make a listing known, ready for media; one that is known already stays as it is."""

    def work(session: Session) -> None:
        if session.get(Listing, listing_id) is None:
            now = context.clock()
            session.add(
                Listing(
                    id=listing_id,
                    owner=owner,
                    status="PENDING_PHOTO_PROCESSING",
                    title=title,
                    created_at=now,
                    updated_at=now,
                )
            )

    context.database.run(work)


def update(context: Context, caller: Principal, request: schemas.UpdateRequest) -> None:
    """Set the title, merge the metadata; what is left out stays.

    Raises:
        NotFoundError: there is no such asset; or as `listing_for`.
        BadRequestError: the merged metadata has too many entries.
    """

    def work(session: Session) -> None:
        listing_for(session, caller, request.listing_identity_id)
        asset = asset_at(session, request)
        if request.title is not None:
            asset.title = request.title
        merged = {**asset.client_metadata, **(request.metadata or {})}
        if len(merged) > MAX_METADATA_ENTRIES:
            raise BadRequestError(
                "TOO_MUCH_METADATA", f"metadata: more than {MAX_METADATA_ENTRIES} entries in all"
            )
        asset.client_metadata = merged
        asset.updated_at = context.clock()

    context.database.run(work)


def asset_at(session: Session, place: schemas.AssetRequest) -> Asset:
    """The asset of this type and sequence, locked.

    Raises:
        NotFoundError: there is none.
    """
    asset_type = place.asset_type.strip().upper()
    asset = session.scalar(
        select(Asset)
        .where(
            Asset.listing_identity_id == place.listing_identity_id,
            Asset.asset_type == asset_type,
            Asset.sequence == place.sequence,
        )
        .with_for_update()
    )
    if asset is None:
        raise NotFoundError(
            "ASSET_NOT_FOUND",
            f"listing {place.listing_identity_id} has no {asset_type} {place.sequence}",
        )
    return asset


def latest_bundle(session: Session, listing_id: int) -> Job | None:
    """The finalization job that made the listing's present bundle."""
    query = (
        select(Job)
        .where(
            Job.listing_identity_id == listing_id,
            Job.provider == PROVIDER_FINALIZATION,
            Job.status == "SUCCEEDED",
        )
        .order_by(Job.completed_at.desc(), Job.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def bundle_view(session: Session, listing_id: int) -> schemas.ZipBundle | None:
    """The latest bundle, if there is one."""
    job = latest_bundle(session, listing_id)
    if job is None:
        return None
    payload = job.payload or {}
    bundles = payload.get("zipBundles") or [zip_key(listing_id)]
    return schemas.ZipBundle(
        bundle_key=bundles[0],
        assets_count=payload.get("assetsZipped", 0),
        zip_size_bytes=payload.get("zipSizeBytes", 0),
        estimated_extracted_bytes=payload.get("unzippedSizeBytes", 0),
        completed_at=job.completed_at,
    )


def asset_view(asset: Asset) -> schemas.Asset:
    """An asset; `metadata` carries what contract 1.9 says it does."""
    return schemas.Asset.model_validate(
        {
            "id": asset.id,
            "listing_identity_id": asset.listing_identity_id,
            "asset_type": asset.asset_type,
            "sequence": asset.sequence,
            "status": asset.status,
            "title": asset.title,
            "metadata": _contract_metadata(asset),
            "s3_key_raw": asset.s3_key_raw,
            "s3_key_processed": asset.s3_key_processed,
            "renditions": asset.renditions,
            "error_code": asset.error_code,
            "error_message": asset.error_message,
            "job_id": asset.job_id,
            "updated_at": asset.updated_at,
        }
    )


def _contract_metadata(asset: Asset) -> dict[str, str]:
    own = {
        "requested_by": asset.requested_by,
        "filename": asset.filename,
        "content_type": asset.content_type,
        "checksum": asset.checksum_sha256,
        "size_bytes": str(asset.size_bytes),
    }
    kind = asset.asset_type.lower()
    keys = {f"{name}_{kind}": key for name, key in asset.renditions.items()}
    if "thumbnail" in asset.renditions:
        keys["thumbnailKey"] = asset.renditions["thumbnail"]
    errors = {"errorCode": asset.error_code, "error": asset.error_message}
    told = {name: text for name, text in errors.items() if text}
    return {**asset.client_metadata, **own, **keys, **told}


def _chosen(wanted: schemas.MediaQuery) -> Select[Asset]:
    query = select(Asset).where(Asset.listing_identity_id == wanted.listing_identity_id)
    if wanted.asset_type:
        query = query.where(Asset.asset_type == wanted.asset_type.strip().upper())
    if wanted.sequence is not None:
        query = query.where(Asset.sequence == wanted.sequence)
    return query


def _snapshot(session: Session, listing: Listing) -> schemas.Snapshot:
    query = (
        select(Asset)
        .where(Asset.listing_identity_id == listing.id)
        .order_by(Asset.asset_type, Asset.sequence)
    )
    return schemas.Snapshot(
        listing=_listing_view(listing),
        assets=[asset_view(asset) for asset in session.scalars(query)],
        jobs=latest_views(session, listing.id),
        zip_bundle=bundle_view(session, listing.id),
    )


def _listing_view(listing: Listing) -> schemas.Listing:
    return schemas.Listing(id=listing.id, status=listing.status, title=listing.title)
