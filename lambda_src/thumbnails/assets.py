"""One asset: a picture's four renditions, or a document's copy."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Final
from urllib.parse import quote

from thumbnails.budget import Budget
from toq_media.contracts import AssetResult, ManifestAsset
from toq_media.errors import (
    AssetError,
    ErrorCode,
    InvalidKeyError,
    InvalidMessageError,
    ObjectArchivedError,
    ObjectChangedError,
    ObjectDeniedError,
    ObjectMissingError,
    PermanentError,
)
from toq_media.imaging import Picture
from toq_media.keys import RawKey
from toq_media.ports import ObjectStore
from toq_media.settings import ThumbnailsSettings

RENDERERS: Final = 2
"""Pictures rendered at the same time: the vCPUs of a 3 GB function; Pillow releases the GIL."""

SOURCE_BYTES: Final = 256 * 1024 * 1024
"""Originals in memory at the same time."""

WORKING_BYTES: Final = 1024 * 1024 * 1024
"""Memory that decoding and resizing may take at the same time, as estimated."""

_SOURCE_ERRORS: Final = {
    ObjectMissingError: (
        ErrorCode.VALIDATION_ERROR,
        "the object was deleted after it was validated",
    ),
    ObjectDeniedError: (
        ErrorCode.VALIDATION_ERROR,
        "the object may not be read by this pipeline",
    ),
    ObjectChangedError: (
        ErrorCode.CHANGED_SOURCE,
        "the object was replaced after it was validated; retry the job",
    ),
    ObjectArchivedError: (
        ErrorCode.ARCHIVED_SOURCE,
        "the object is archived; restore it, then retry the job",
    ),
}
# A browser would run what such a document holds.
_ACTIVE_TYPES: Final = frozenset({"", "text/html", "image/svg+xml", "application/xml"})


@dataclass(frozen=True, kw_only=True)
class AssetProcessor:
    """Processing of single assets, from many threads at the same time.

    Args:
        store: the media bucket.
        settings: limits and headers.
        listing_id: the listing that must own every key.
    """

    store: ObjectStore
    settings: ThumbnailsSettings
    listing_id: int
    _sources: Budget = field(default_factory=lambda: Budget(SOURCE_BYTES))
    _working: Budget = field(default_factory=lambda: Budget(WORKING_BYTES))
    _renderers: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(RENDERERS))

    def process(self, index: int, asset: ManifestAsset) -> AssetResult:
        """Make and write what an asset becomes.

        Raises:
            AssetError: this asset failed, for good.
            RetryableError: AWS failed; the whole batch is worth another try.
        """
        try:
            raw = RawKey.parse(asset.key, listing_id=self.listing_id)
        except InvalidKeyError as error:
            raise AssetError(ErrorCode.VALIDATION_ERROR, str(error)) from error
        if asset.kind == "picture":
            return self._picture(index, asset, raw)
        if asset.kind == "document":
            return self._document(index, asset, raw)
        raise InvalidMessageError(f"assets[{index}].kind: {asset.kind} does not go into a batch")

    def _picture(self, index: int, asset: ManifestAsset, raw: RawKey) -> AssetResult:
        with self._sources.hold(asset.size):
            with _source_errors():
                data = self.store.read(asset.key, etag=asset.etag)
            files, crc32 = self._render(data), zlib.crc32(data)
            del data
        keys = {name: raw.rendition(name) for name in files}
        for name, key in keys.items():
            self._write(key, files[name])
        return AssetResult(index=index, renditions=keys, crc32=f"{crc32:08x}")

    def _render(self, data: bytes) -> Mapping[str, bytes]:
        picture = Picture(data, max_pixels=self.settings.max_image_pixels)
        with self._working.hold(picture.working_bytes), self._renderers:
            return picture.render().files

    def _write(self, key: str, body: bytes) -> None:
        try:
            self.store.write(
                key,
                body,
                content_type="image/jpeg",
                cache_control=self.settings.rendition_cache_control,
                content_disposition=inline_disposition(key),
            )
        except PermanentError as error:
            message = f"rendition cannot be written: {error}"
            raise AssetError(ErrorCode.THUMBNAIL_PROCESSING_FAILED, message) from error

    def _document(self, index: int, asset: ManifestAsset, raw: RawKey) -> AssetResult:
        passive = asset.media_type not in _ACTIVE_TYPES
        content_type = asset.media_type if passive else "application/octet-stream"
        try:
            with _source_errors():
                self.store.copy(
                    asset.key, raw.document(), etag=asset.etag, content_type=content_type
                )
        except AssetError:
            raise
        except PermanentError as error:
            message = f"document cannot be copied: {error}"
            raise AssetError(ErrorCode.DOCUMENT_COPY_FAILED, message) from error
        return AssetResult(index=index, renditions={"original": raw.document()})


def inline_disposition(key: str) -> str:
    """`Content-Disposition` that shows a file and names it should it be saved (RFC 6266)."""
    name = key.rpartition("/")[2]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'inline; filename="{plain}"{extended}'


@contextmanager
def _source_errors() -> Iterator[None]:
    """Say of a source that cannot be read any more what the backend shows."""
    try:
        yield
    except tuple(_SOURCE_ERRORS) as error:
        code, message = _SOURCE_ERRORS[type(error)]
        raise AssetError(code, message) from error
