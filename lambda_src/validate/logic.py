"""What each asset of a job really is, and the plan for the branches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import msgspec

from toq_media.contracts import (
    AssetKind,
    AssetRef,
    JobRequest,
    Manifest,
    ManifestAsset,
    ProcessingInput,
    ValidationResult,
    decode,
    encode,
)
from toq_media.errors import (
    AssetError,
    ErrorCode,
    InvalidKeyError,
    ObjectArchivedError,
    ObjectChangedError,
    ObjectDeniedError,
    ObjectMissingError,
)
from toq_media.keys import JobKeys, RawKey
from toq_media.media_types import HEAD_BYTES, PICTURES, VIDEOS, sniff
from toq_media.ports import ObjectInfo, ObjectStore
from toq_media.probing import VideoLimits, probe
from toq_media.settings import ValidateSettings
from toq_media.transcoding import video_job

MAX_REPORTED_ERRORS = 10
"""Errors repeated in the state for whoever reads the console; the manifest holds them all."""

RAW_TAGS = {"media-class": "raw"}
"""What the lifecycle rule looks for (prefixes cannot match `{listing}/raw/`)."""

_WORKERS = 16


@dataclass(frozen=True, kw_only=True)
class Validator:
    """Validation of one job.

    Args:
        store: the media bucket.
        settings: its name, and the limits.
    """

    store: ObjectStore
    settings: ValidateSettings

    def validate(self, task: ProcessingInput) -> ValidationResult:
        """Write the manifest and every video's request; return references and counts."""
        request = decode(self.store.read(task.request_key), JobRequest)
        keys = JobKeys(
            listing_id=request.listing_identity_id, job_id=request.job_id, retry=request.retry
        )
        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            assets = list(
                pool.map(
                    lambda index: self._asset(index, request.assets[index], keys),
                    range(len(request.assets)),
                )
            )
        assets = _refuse_shared_outputs(assets, keys.listing_id)
        images = self._batches(assets, "picture")
        documents = self._batches(assets, "document")
        videos = [i for i, asset in enumerate(assets) if _is_valid(asset, "video")]
        manifest = Manifest(
            job_id=request.job_id,
            listing_identity_id=request.listing_identity_id,
            retry=request.retry,
            traceparent=task.traceparent,
            assets=assets,
            batches=images + documents,
        )
        self.store.write(keys.manifest, encode(manifest), content_type="application/json")
        invalid = [asset for asset in assets if asset.error_code]
        return ValidationResult(
            job_id=request.job_id,
            listing_identity_id=request.listing_identity_id,
            retry=request.retry,
            traceparent=task.traceparent,
            job_prefix=keys.prefix,
            manifest_key=keys.manifest,
            asset_count=len(assets),
            invalid_count=len(invalid),
            has_images=bool(images),
            has_videos=bool(videos),
            has_documents=bool(documents),
            image_batches=list(range(len(images))),
            document_batches=list(range(len(images), len(images) + len(documents))),
            videos=videos,
            validation_errors=[
                f"{asset.key[:200]}: {asset.error_message[:200]}"
                for asset in invalid[:MAX_REPORTED_ERRORS]
            ],
        )

    def _asset(self, index: int, ref: AssetRef, keys: JobKeys) -> ManifestAsset:
        try:
            return self._valid(index, ref, keys)
        except AssetError as error:
            code, message = error.code, error.message
        except ObjectArchivedError:
            code = ErrorCode.ARCHIVED_SOURCE
            message = "the object is archived; restore it, then retry the job"
        except (
            InvalidKeyError,
            ObjectMissingError,
            ObjectDeniedError,
            ObjectChangedError,
        ) as error:
            code, message = ErrorCode.VALIDATION_ERROR, _reason(error)
        return ManifestAsset(
            key=ref.key,
            type=ref.type,
            kind=_DECLARED.get(_family(ref.type), "picture"),
            error_code=code,
            error_message=message,
        )

    def _valid(self, index: int, ref: AssetRef, keys: JobKeys) -> ManifestAsset:
        raw = RawKey.parse(ref.key, listing_id=keys.listing_id)
        info = self.store.head(ref.key)
        if info.size == 0:
            raise AssetError(ErrorCode.VALIDATION_ERROR, "the object is empty")
        head = self.store.read_range(ref.key, 0, min(HEAD_BYTES, info.size), etag=info.etag)
        media_type = sniff(head)
        kind = _kind(ref.type, media_type)
        if kind == "picture" and info.size > self.settings.max_image_bytes:
            raise AssetError(
                ErrorCode.VALIDATION_ERROR,
                f"{info.size:,} bytes; pictures may have {self.settings.max_image_bytes:,}",
            )
        if kind == "video":
            self._plan_video(index, raw, info, keys)
        self.store.tag(info, RAW_TAGS)
        return ManifestAsset(
            key=ref.key,
            type=ref.type,
            kind=kind,
            size=info.size,
            etag=info.etag,
            media_type=media_type,
        )

    def _plan_video(self, index: int, raw: RawKey, info: ObjectInfo, keys: JobKeys) -> None:
        """Probe a video before it costs money; write its MediaConvert request."""
        limits = VideoLimits(
            max_seconds=self.settings.max_video_seconds, max_bytes=self.settings.max_video_bytes
        )
        facts = probe(
            lambda start, length: self.store.read_range(info.key, start, length, etag=info.etag),
            info.size,
            limits,
        )
        request = video_job(
            facts,
            raw=raw,
            source=info.key,
            bucket=self.settings.media_bucket,
            job=keys,
            asset=index,
            environment=self.settings.environment,
        )
        self.store.write(keys.video_job(index), encode(request), content_type="application/json")

    def _batches(self, assets: list[ManifestAsset], kind: AssetKind) -> list[list[int]]:
        """Indices of the valid assets of a kind, cut by count and by bytes."""
        batches: list[list[int]] = []
        room = 0
        for index, asset in enumerate(assets):
            if not _is_valid(asset, kind):
                continue
            full = batches and len(batches[-1]) >= self.settings.max_batch_assets
            if not batches or full or asset.size > room:
                batches.append([])
                room = self.settings.max_batch_bytes
            batches[-1].append(index)
            room -= asset.size
        return batches


_DECLARED: dict[str, AssetKind] = {
    "PHOTO": "picture",
    "THUMBNAIL": "picture",
    "VIDEO": "video",
    "PROJECT_DOC": "document",
    "PROJECT_RENDER": "picture",
}
_ALLOWED: dict[AssetKind, frozenset[str]] = {"picture": PICTURES, "video": VIDEOS}


def _kind(asset_type: str, media_type: str) -> AssetKind:
    """What to make of an asset: its declared type decides, its content must agree."""
    family = _family(asset_type)
    kind = _DECLARED.get(family)
    if kind is None:
        known = ", ".join(sorted(_DECLARED))
        raise AssetError(
            ErrorCode.VALIDATION_ERROR, f"type {asset_type!r} is not processed; known: {known}"
        )
    if family == "PROJECT_RENDER" and media_type == "application/pdf":
        return "document"
    allowed = _ALLOWED.get(kind)
    if allowed is not None and media_type not in allowed:
        raise AssetError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"a {kind} was declared, the content is {media_type or 'of no known type'}",
        )
    return kind


def _refuse_shared_outputs(assets: list[ManifestAsset], listing_id: int) -> list[ManifestAsset]:
    """The assets; one that would overwrite an earlier one's output becomes an error.

    `a.mov` and `a.mp4` in one folder are one video key, `a.png` and `a.png.jpg` one rendition.
    """
    owners: dict[str, str] = {}

    def check(asset: ManifestAsset) -> ManifestAsset:
        if asset.error_code:
            return asset
        owner = owners.setdefault(_main_output(asset, listing_id), asset.key)
        if owner == asset.key:
            return asset
        return msgspec.structs.replace(
            asset,
            error_code=ErrorCode.VALIDATION_ERROR,
            error_message=f"its result would overwrite that of {owner}; rename one of them",
        )

    return [check(asset) for asset in assets]


def _main_output(asset: ManifestAsset, listing_id: int) -> str:
    raw = RawKey.parse(asset.key, listing_id=listing_id)
    if asset.kind == "video":
        return raw.video()
    return raw.document() if asset.kind == "document" else raw.rendition("large")


def _family(asset_type: str) -> str:
    """Type without its orientation; also the legacy `PHOTO` and `VIDEO`."""
    return asset_type.strip().upper().removesuffix("_VERTICAL").removesuffix("_HORIZONTAL")


def _is_valid(asset: ManifestAsset, kind: AssetKind) -> bool:
    return asset.kind == kind and not asset.error_code


def _reason(error: Exception) -> str:
    if isinstance(error, ObjectMissingError):
        return "the object does not exist; it was never uploaded or is deleted"
    if isinstance(error, ObjectDeniedError):
        return "the object may not be read by this pipeline"
    if isinstance(error, ObjectChangedError):
        return "the object was replaced while it was validated"
    return str(error)
