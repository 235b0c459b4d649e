"""What is to be uploaded: a folder of anyone's files, told apart by content."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from local.errors import UsageError
from toq_media.errors import AssetError
from toq_media.keys import file_name_of, raw_key, reference_of
from toq_media.media_types import HEAD_BYTES, PICTURES, VIDEOS, sniff
from toq_media.probing import VideoLimits, probe

MAX_SEQUENCE = 255
"""Largest sequence that the backend's column holds (contract 1.9)."""

_NO_LIMITS = VideoLimits(max_seconds=10**9, max_bytes=2**62)


@dataclass(frozen=True, kw_only=True)
class MediaFile:
    """One file of a listing, with the name and type that it is uploaded under."""

    path: Path
    content_type: str
    asset_type: str
    sequence: int
    key: str
    upright: tuple[int, int] | None = None
    """Width and height as a viewer shows it; None where that has no meaning."""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Files of a folder: what is uploaded, and what is left out and why."""

    files: list[MediaFile]
    skipped: list[tuple[Path, str]] = field(default_factory=list)


def read_folder(folder: Path, listing_id: int) -> Folder:
    """Every picture, video and PDF under a folder, in order of path.

    Raises:
        UsageError: there is no such folder, or nothing in it can be uploaded.
    """
    if not folder.is_dir():
        raise UsageError(f"MEDIA: {folder} is not a folder")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if not paths:
        raise UsageError(f"MEDIA: {folder} is empty")
    found = name_files(paths, listing_id)
    if not found.files:
        reasons = "; ".join(f"{path.name}: {why}" for path, why in found.skipped[:3])
        raise UsageError(f"MEDIA: nothing in {folder} is a picture, video or PDF ({reasons})")
    return found


def name_files(paths: Iterable[Path], listing_id: int) -> Folder:
    """Give each file the type that its content says, a sequence in that type, and a raw key."""
    files: list[MediaFile] = []
    skipped: list[tuple[Path, str]] = []
    sequences: Counter[str] = Counter()
    for path in paths:
        if not path.stat().st_size:
            skipped.append((path, "empty"))
            continue
        asset_type, content_type, upright = _classify(path)
        if not asset_type:
            skipped.append((path, content_type or "of no known type"))
            continue
        if sequences[asset_type] == MAX_SEQUENCE:
            skipped.append((path, f"a listing has at most {MAX_SEQUENCE} files of {asset_type}"))
            continue
        sequences[asset_type] += 1
        reference = reference_of(asset_type, sequence=sequences[asset_type])
        name = file_name_of(path.name, content_type=content_type)
        files.append(
            MediaFile(
                path=path,
                content_type=content_type,
                asset_type=asset_type,
                sequence=sequences[asset_type],
                key=raw_key(listing_id, asset_type, reference, name),
                upright=upright,
            )
        )
    return Folder(files=files, skipped=skipped)


def _classify(path: Path) -> tuple[str, str, tuple[int, int] | None]:
    """Asset type, media type and upright size; no asset type for what is not uploaded."""
    with path.open("rb") as file:
        media_type = sniff(file.read(HEAD_BYTES))
    if media_type == "application/pdf":
        return "PROJECT_DOC", media_type, None
    if media_type in PICTURES:
        size = _picture_size(path, media_type)
        return _oriented("PHOTO", size), media_type, size
    if media_type in VIDEOS:
        size = _video_size(path)
        return _oriented("VIDEO", size), media_type, size
    return "", media_type, None


def _oriented(kind: str, size: tuple[int, int] | None) -> str:
    """A file that cannot be read is uploaded all the same: the pipeline says what is wrong."""
    return f"{kind}_VERTICAL" if size and size[1] > size[0] else f"{kind}_HORIZONTAL"


def _picture_size(path: Path, media_type: str) -> tuple[int, int] | None:
    if media_type in {"image/heic", "image/heif"}:
        import pillow_heif  # noqa: PLC0415 - a slow import that few folders need

        pillow_heif.register_heif_opener()
    try:
        with warnings.catch_warnings():
            # A huge picture is the pipeline's to refuse; here only its header is read.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                orientation = picture.getexif().get(0x0112, 1)
                turned = orientation in {5, 6, 7, 8} and media_type not in {
                    "image/heic",
                    "image/heif",
                }
                width, height = picture.size
                return (height, width) if turned else (width, height)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError):
        return None


def _video_size(path: Path) -> tuple[int, int] | None:
    def read_range(start: int, length: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(length)

    try:
        facts = probe(read_range, path.stat().st_size, _NO_LIMITS)
    except AssetError:
        return None
    return facts.width, facts.height
