"""JPEGs without the metadata that tells where and by whom they were taken; pixels untouched.

Kept: everything a decoder needs, JFIF, the ICC profile, Adobe's colour transform, the orientation.
Left out: Exif (GPS, serial numbers, preview), XMP, IPTC, maker notes, comments, and whatever
follows the picture's end (second pictures, motion video), since those carry positions too.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

from toq_media.errors import AssetError, ErrorCode

MAX_PREFIX_BYTES: Final = 1024 * 1024
"""Tables and colour profile of one picture; they are held in memory until it is bundled."""

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_APP1: Final = 0xE1
_APPLICATION: Final = range(0xE0, 0xF0)
_KEPT_APPLICATION: Final = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_EXIF: Final = b"Exif\0\0"
_ORIENTATION: Final = 0x0112
_SHORT: Final = 3
# In entropy-coded data 0xFF is followed by 0x00 or a restart marker; anything else is a marker.
_MARKER_IN_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True, kw_only=True)
class Stripped:
    """The stripped picture: `prefix`, then `length` bytes of the original from `start`."""

    prefix: bytes
    start: int
    length: int


def without_metadata(jpeg: bytes) -> Stripped:
    """Say how a JPEG is put together without its metadata.

    Raises:
        AssetError: `CORRUPT_MEDIA`, the file's structure is broken; `UNSUPPORTED_MEDIA`, metadata
            stands where it cannot be left out. Such a file must not be passed on as it is.
    """
    if not jpeg.startswith(b"\xff\xd8"):
        raise _corrupt("does not begin with a start of image")
    kept, at = [b"\xff\xd8"], _skip_fill(jpeg, 2)
    while (marker := _marker_at(jpeg, at)) != _SOS:
        end = _segment_end(jpeg, at)
        kept.append(_cleaned(marker, jpeg[at:end]))
        at = _skip_fill(jpeg, end)
    prefix = b"".join(kept)
    if len(prefix) > MAX_PREFIX_BYTES:
        raise AssetError(
            ErrorCode.UNSUPPORTED_MEDIA, f"JPEG: {len(prefix)} bytes of tables before the picture"
        )
    return Stripped(prefix=prefix, start=at, length=_picture_end(jpeg, at) - at)


def _cleaned(marker: int, segment: bytes) -> bytes:
    if marker == _APP1 and segment[4:].startswith(_EXIF):
        return _orientation_only(segment[4 + len(_EXIF) :])
    if marker in _APPLICATION:
        kept = _KEPT_APPLICATION.get(marker)
        return segment if kept and segment[4:].startswith(kept) else b""
    return b"" if marker == _COM else segment


def _picture_end(jpeg: bytes, at: int) -> int:
    """Position behind the end of image; a file that breaks off ends where it does."""
    at = _segment_end(jpeg, at)
    while found := _MARKER_IN_SCAN.search(jpeg, at):
        at = found.start()
        marker = jpeg[at + 1]
        if marker == _EOI:
            return at + 2
        if marker in _APPLICATION or marker == _COM:
            raise AssetError(ErrorCode.UNSUPPORTED_MEDIA, "JPEG: metadata between two scans")
        at = _segment_end(jpeg, at)
    return len(jpeg)


def _marker_at(jpeg: bytes, at: int) -> int:
    if at + 4 > len(jpeg) or jpeg[at] != 0xFF:
        raise _corrupt(f"no marker at byte {at}")
    if jpeg[at + 1] in {0x00, 0x01, _SOI, _EOI} or 0xD0 <= jpeg[at + 1] <= 0xD7:
        raise _corrupt(f"marker {jpeg[at + 1]:#04x} at byte {at}, before any picture")
    return jpeg[at + 1]


def _segment_end(jpeg: bytes, at: int) -> int:
    length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
    end = at + 2 + length
    if length < 2 or end > len(jpeg):
        raise _corrupt(f"segment at byte {at} runs past the end")
    return end


def _skip_fill(jpeg: bytes, at: int) -> int:
    """Any number of 0xFF may stand before a marker (ITU T.81, B.1.1.2)."""
    while jpeg[at : at + 2] == b"\xff\xff":
        at += 1
    return at


def _orientation_only(tiff: bytes) -> bytes:
    orientation = _orientation(tiff)
    if orientation == 1:
        return b""
    directory = struct.pack(">HHHIHHI", 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)
    body = _EXIF + struct.pack(">2sHI", b"MM", 42, 8) + directory
    return struct.pack(">BBH", 0xFF, _APP1, len(body) + 2) + body


def _orientation(tiff: bytes) -> int:
    """Orientation 1 to 8; 1 where Exif is unreadable, as viewers take it."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        for index in range(count):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + index * 12)
            if tag == _ORIENTATION and kind == _SHORT and value in range(1, 9):
                return int(value)
    except struct.error:
        return 1
    return 1


def _corrupt(problem: str) -> AssetError:
    return AssetError(ErrorCode.CORRUPT_MEDIA, f"JPEG: {problem}")
