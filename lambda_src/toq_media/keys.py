"""Object keys: their grammar, and every key that is derived from another (contract 1.8).

Nothing else in the project builds or takes apart a key of the media bucket.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar, Final, Literal

from toq_media.errors import InvalidKeyError

SEGMENTS: Final = {
    "PHOTO_VERTICAL": "photo/vertical",
    "PHOTO_HORIZONTAL": "photo/horizontal",
    "VIDEO_VERTICAL": "video/vertical",
    "VIDEO_HORIZONTAL": "video/horizontal",
    "PROJECT_DOC": "project/doc",
    "PROJECT_RENDER": "project/render",
    "THUMBNAIL": "thumb",
    "ZIP": "zip",
}
"""Asset type to path segment; any other type lands in `misc`."""

RENDITION_WIDTHS: Final = {"thumbnail": 200, "small": 400, "medium": 800, "large": 1200}
"""Rendition name to target width in pixels (seed section 2)."""

BEST_FIRST: Final = ("original", "large", "medium", "small", "thumbnail")
"""Rank in which `processedKey` is chosen (contract 1.7)."""

MAX_KEY_BYTES: Final = 1024
"""S3's limit for a key, in UTF-8 bytes."""

_DATE_SEGMENT = re.compile(r"\d{4}-\d{2}-\d{2}/")
_JPEG_SUFFIXES = (".jpg", ".jpeg")
_MAX_SUFFIX = 12
_EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/heic": ".heic",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "application/pdf": ".pdf",
}


def segment_of(asset_type: str) -> str:
    """Path segment of an asset type, case-insensitively; `misc` for an unknown one."""
    return SEGMENTS.get(asset_type.strip().upper(), "misc")


@dataclass(frozen=True, kw_only=True)
class RawKey:
    """A checked raw key, taken apart: `{listing}/raw/{directory}/{filename}`."""

    POSTER_SUFFIX: ClassVar = ".0000001.jpg"
    """What MediaConvert appends to the second frame capture's name: a counter from zero."""

    listing_id: int
    directory: str
    filename: str

    @classmethod
    def parse(cls, key: str, *, listing_id: int) -> RawKey:
        """Take a raw key apart.

        Args:
            key: the object key, without a leading slash.
            listing_id: the listing that must own it.

        Raises:
            InvalidKeyError: the key is not one of this listing's raw keys, or is written so that
                some reader could take it for another path.
        """
        problem = _path_problem(key)
        if problem:
            raise InvalidKeyError(f"key {key!r}: {problem}")
        prefix = f"{listing_id}/raw/"
        if not key.startswith(prefix):
            raise InvalidKeyError(f"key {key!r}: must start with {prefix!r}")
        path = PurePosixPath(_DATE_SEGMENT.sub("", key.removeprefix(prefix)))
        if path.parent == PurePosixPath("."):
            raise InvalidKeyError(f"key {key!r}: has no media type segment after {prefix!r}")
        return cls(listing_id=listing_id, directory=str(path.parent), filename=path.name)

    def rendition(self, size: str) -> str:
        """Key of a JPEG rendition; a name that does not say JPEG gets `.jpg` appended."""
        name = self.filename
        if not name.lower().endswith(_JPEG_SUFFIXES):
            name += ".jpg"
        return self._processed(size, name)

    def document(self) -> str:
        """Key of a document's copy."""
        return self._processed("original", self.filename)

    def video(self) -> str:
        """Key of the transcoded video; always MP4 whatever the source's suffix."""
        return self._processed("original", f"{self.stem}.mp4")

    def poster(self, size: str) -> str:
        """Key of a video's poster, with the frame number that MediaConvert always adds."""
        return self._processed(size, self.stem + self.POSTER_SUFFIX)

    @property
    def stem(self) -> str:
        """File name without its suffix."""
        return PurePosixPath(self.filename).stem

    def _processed(self, size: str, name: str) -> str:
        return f"{self.listing_id}/processed/{self.directory}/{size}/{name}"


def bundle_path(key: str, *, listing_id: int) -> str:
    """Path that a source has inside its listing's bundle (contract 1.6).

    Raises:
        InvalidKeyError: the key is not under this listing's `raw/` or `processed/`, or is itself
            a bundle, or could be read as another path.
    """
    problem = _path_problem(key)
    if problem:
        raise InvalidKeyError(f"key {key!r}: {problem}")
    for folder in (f"{listing_id}/raw/", f"{listing_id}/processed/"):
        path = _DATE_SEGMENT.sub("", key.removeprefix(folder))
        if key.startswith(folder) and path and not key.startswith(f"{listing_id}/processed/zip/"):
            return path
    raise InvalidKeyError(f"key {key!r}: must be under '{listing_id}/raw/' or its renditions")


def zip_key(listing_id: int) -> str:
    """Key of a listing's bundle (seed section 2)."""
    return f"{listing_id}/processed/zip/listing-media.zip"


@dataclass(frozen=True, kw_only=True)
class JobKeys:
    """Keys of one attempt's working files, outside every listing's own prefix."""

    listing_id: int
    job_id: int
    retry: int

    @property
    def prefix(self) -> str:
        """Folder of the attempt."""
        return f"jobs/{self.listing_id}/{self.job_id}/{self.retry}"

    def request(self, digest: str) -> str:
        """The request as dispatched, named by its content so that nothing overwrites it."""
        return f"{self.prefix}/request-{digest}.json"

    def execution(self, machine: Literal["process", "finalization"]) -> str:
        """Name of the attempt's execution: a repeated start finds it taken (design section 2)."""
        return f"{machine}-{self.listing_id}-{self.job_id}-{self.retry}"

    @property
    def manifest(self) -> str:
        """All assets with what validation found."""
        return f"{self.prefix}/manifest.json"

    def batch_result(self, batch: int) -> str:
        """Results of one batch of pictures or documents."""
        return f"{self.prefix}/results/batch-{batch}.json"

    def video_job(self, asset: int) -> str:
        """MediaConvert request of one video, read by the state machine."""
        return f"{self.prefix}/videos/{asset}.json"

    def video_result(self, asset: int) -> str:
        """Outcome of one video's transcoding, written by the state machine."""
        return f"{self.prefix}/results/video-{asset}.json"

    @property
    def callback(self) -> str:
        """The exact bytes that the backend is to receive."""
        return f"{self.prefix}/callback.json"

    @property
    def receipt(self) -> str:
        """Proof that the callback was delivered."""
        return f"{self.prefix}/delivered.json"


def reference_of(
    asset_type: str, *, client_id: str | None = None, sequence: int | None = None
) -> str:
    """Reference part of a raw key: the client's id, else the sequence, else a random one."""
    if client_id:
        reference = client_id
    elif sequence and sequence > 0:
        kind = asset_type.upper()
        prefix = next((p for p in ("vertical", "horizontal") if p.upper() in kind), "seq")
        reference = f"{prefix}-{sequence:02d}"
    else:
        return f"asset-{uuid.uuid4()}"
    cleaned = re.sub(r"[^a-zA-Z0-9_-]+", "-", reference).strip("-_")[:48]
    return cleaned or str(uuid.uuid4())


def file_name_of(filename: str, *, content_type: str = "", limit: int = 96) -> str:
    """File name part of a raw key; the extension survives the cut (field note 64)."""
    original = PurePosixPath(filename.strip().replace("\\", "/")).name or "file"
    cleaned = re.sub(r"[^a-zA-Z0-9._-]+", "-", original).strip("-.") or "file"
    suffix = PurePosixPath(cleaned).suffix
    if not 1 < len(suffix) <= _MAX_SUFFIX:
        suffix = _EXTENSIONS.get(content_type, ".bin")
    stem = cleaned.removesuffix(suffix) or "file"
    return stem[: limit - len(suffix)] + suffix


def raw_key(listing_id: int, asset_type: str, reference: str, filename: str) -> str:
    """Raw key of an upload: `{listing}/raw/{segment}/{reference}-{filename}`."""
    return f"{listing_id}/raw/{segment_of(asset_type)}/{reference}-{filename}"


def _path_problem(key: str) -> str:
    """Why a key could be read as another path, or an empty string."""
    if len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        return f"longer than {MAX_KEY_BYTES} bytes"
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in key):
        return "holds a control or formatting character"
    if "\\" in key:
        return "holds a backslash"
    if any(part in {"", ".", ".."} for part in key.split("/")):
        return "holds an empty, '.' or '..' segment"
    return ""
