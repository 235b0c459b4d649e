"""Presigned uploads: what may be uploaded, under which key, signed to the byte."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import schemas
from backend.auth import Principal
from backend.context import Context
from backend.db.models import Asset, Listing
from backend.errors import BadRequestError, ConflictError
from backend.ports import UploadSpec
from backend.services.access import listing_for, require_uploadable
from backend.services.object_keys import derived_keys, enqueue_deletion, raw_key_of, suffix_of
from backend.services.outbox import publish_all
from backend.settings import Settings
from toq_media.keys import SEGMENTS

_FAMILIES = {
    "PHOTO_VERTICAL": "image/",
    "PHOTO_HORIZONTAL": "image/",
    "VIDEO_VERTICAL": "video/",
    "VIDEO_HORIZONTAL": "video/",
    "PROJECT_DOC": "application/pdf",
    "PROJECT_RENDER": "image/",
    "THUMBNAIL": "image/",
    "ZIP": "application/zip",
}
"""Asset type to the content type that it must begin with (field note 22)."""

_SHA256_BYTES = 32

_Placed = tuple[list[str], list[int]]


@dataclass(frozen=True, kw_only=True)
class _Upload:
    """One checked file of a request."""

    file: schemas.UploadFile
    asset_type: str
    content_type: str
    checksum: str


def request_uploads(
    context: Context, caller: Principal, request: schemas.UploadsRequest
) -> schemas.UploadsAnswer:
    """Make or reset the assets, then sign their URLs.

    Raises:
        BadRequestError: files that the limits, their types or their checksums forbid.
        ConflictError: the listing's status forbids uploads, or two assets would share a key.
        NotFoundError, ForbiddenError: see `listing_for`.
    """
    uploads = _checked(request.files, context.settings)

    def work(session: Session) -> _Placed:
        listing = listing_for(session, caller, request.listing_identity_id, lock=True)
        require_uploadable(listing)
        return _place(session, context, listing, caller, uploads)

    keys, deletions = context.database.run(work)
    publish_all(context, deletions)
    return schemas.UploadsAnswer(
        listing_identity_id=request.listing_identity_id,
        upload_url_ttl_seconds=context.settings.upload_url_ttl_seconds,
        files=[_target(context, one, key) for one, key in zip(uploads, keys, strict=True)],
    )


def sha256_of(text: str) -> str:
    """A declared checksum (contract 1.8: hex or base64, maybe after `sha256:`) as base64.

    Raises:
        ValueError: it is no SHA-256.
    """
    algorithm, _, value = text.strip().rpartition(":")
    if algorithm and algorithm.strip().lower().replace("-", "") != "sha256":
        raise ValueError(f"{algorithm!r} is not sha256")
    value = value.strip()
    if re.fullmatch(r"[0-9a-fA-F]{64}", value):
        digest = bytes.fromhex(value)
    else:
        try:
            digest = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("neither hex nor base64") from error
    if len(digest) != _SHA256_BYTES:
        raise ValueError(f"{len(digest)} bytes long and not {_SHA256_BYTES}")
    return base64.b64encode(digest).decode()


def _checked(files: list[schemas.UploadFile], settings: Settings) -> list[_Upload]:
    problems = _limit_problems(files, settings)
    uploads = []
    for number, file in enumerate(files):
        asset_type = file.asset_type.strip().upper()
        content_type = file.content_type.split(";", 1)[0].strip().lower()
        checksum = ""
        try:
            checksum = sha256_of(file.checksum)
        except ValueError as error:
            problems.append({"field": f"files.{number}.checksum", "message": str(error)})
        message = _type_problem(asset_type, content_type, settings)
        if message:
            problems.append({"field": f"files.{number}", "message": message})
        uploads.append(
            _Upload(file=file, asset_type=asset_type, content_type=content_type, checksum=checksum)
        )
    places = Counter((one.asset_type, one.file.sequence) for one in uploads)
    problems += [
        {"field": "files", "message": f"{kind} {sequence} stands more than once"}
        for (kind, sequence), count in places.items()
        if count > 1
    ]
    if problems:
        text = "; ".join(f"{one['field']}: {one['message']}" for one in problems[:3])
        raise BadRequestError("UPLOAD_NOT_ALLOWED", text, problems)
    return uploads


def _limit_problems(files: list[schemas.UploadFile], settings: Settings) -> list[dict[str, str]]:
    problems = [
        {
            "field": f"files.{number}.bytes",
            "message": f"{file.bytes} bytes, at most {settings.max_file_bytes} are allowed",
        }
        for number, file in enumerate(files)
        if file.bytes > settings.max_file_bytes
    ]
    if len(files) > settings.max_files_per_batch:
        text = f"{len(files)} files, at most {settings.max_files_per_batch} in one request"
        problems.append({"field": "files", "message": text})
    total = sum(file.bytes for file in files)
    if total > settings.max_total_bytes:
        text = f"{total} bytes in all, at most {settings.max_total_bytes} in one request"
        problems.append({"field": "files", "message": text})
    return problems


def _type_problem(asset_type: str, content_type: str, settings: Settings) -> str:
    if asset_type not in SEGMENTS:
        return f"assetType {asset_type!r} is none of {', '.join(SEGMENTS)}"
    if content_type not in settings.allowed_content_types:
        allowed = ", ".join(settings.allowed_content_types)
        return f"contentType {content_type!r} is none of {allowed}"
    if not content_type.startswith(_FAMILIES[asset_type]):
        return f"contentType {content_type!r} does not suit {asset_type}"
    return ""


def _place(
    session: Session,
    context: Context,
    listing: Listing,
    caller: Principal,
    uploads: list[_Upload],
) -> _Placed:
    """One PENDING_UPLOAD asset for each upload; raw keys, and messages that delete old ones."""
    query = select(Asset).where(Asset.listing_identity_id == listing.id).with_for_update()
    assets = {(one.asset_type, one.sequence): one for one in session.scalars(query)}
    keys, deletions = [], []
    for upload in uploads:
        place = (upload.asset_type, upload.file.sequence)
        asset = assets.get(place)
        key = raw_key_of(
            listing.id,
            upload.asset_type,
            filename=upload.file.filename,
            content_type=upload.content_type,
            sequence=upload.file.sequence,
            metadata=upload.file.metadata or {},
        )
        if asset is None:
            asset = Asset(
                listing_identity_id=listing.id,
                asset_type=upload.asset_type,
                sequence=upload.file.sequence,
                s3_key_raw=key,
                created_at=context.clock(),
            )
            assets[place] = asset
            session.add(asset)
        elif suffix_of(asset.s3_key_raw) != suffix_of(key):
            # Contract 1.8 keeps the key on re-upload; under another format's suffix it would lie.
            old = asset.s3_key_raw
            deletions.append(enqueue_deletion(session, listing.id, old, context.clock()))
            asset.s3_key_raw = key
        _reset(asset, upload, caller, context)
        keys.append(asset.s3_key_raw)
    _refuse_shared_keys(list(assets.values()), listing.id)
    session.flush()
    return keys, [message.id for message in deletions]


def _reset(asset: Asset, upload: _Upload, caller: Principal, context: Context) -> None:
    """Make it wait for this upload; detached from its job, whose callback then passes it by."""
    asset.status = "PENDING_UPLOAD"
    asset.job_id = None
    asset.s3_key_processed = None
    asset.renditions = {}
    asset.error_code = asset.error_message = None
    asset.title = upload.file.title
    asset.client_metadata = dict(upload.file.metadata or {})
    asset.requested_by = caller.subject[:255]
    asset.filename = upload.file.filename
    asset.content_type = upload.content_type
    asset.size_bytes = upload.file.bytes
    asset.checksum_sha256 = upload.checksum
    asset.updated_at = context.clock()


def _refuse_shared_keys(assets: list[Asset], listing_id: int) -> None:
    """Two assets may share no key, not even a derived one (field note 63)."""
    owner: dict[str, Asset] = {}
    for asset in assets:
        for key in derived_keys(listing_id, asset.s3_key_raw):
            other = owner.setdefault(key, asset)
            if other is not asset:
                names = [f"{one.asset_type} {one.sequence}" for one in (other, asset)]
                raise ConflictError(
                    "SHARED_KEY",
                    f"{names[0]} and {names[1]} would both be stored under {key!r}: give each "
                    "its own client_id or file name",
                    {"key": key, "assets": names},
                )


def _target(context: Context, upload: _Upload, key: str) -> schemas.UploadTarget:
    signed = context.aws.storage.presign_put(
        UploadSpec(
            key=key,
            content_type=upload.content_type,
            size=upload.file.bytes,
            checksum=upload.checksum,
        ),
        seconds=context.settings.upload_url_ttl_seconds,
    )
    return schemas.UploadTarget(
        asset_type=upload.asset_type,
        sequence=upload.file.sequence,
        upload_url=signed.url,
        headers=signed.headers,
        object_key=key,
        title=upload.file.title,
    )
