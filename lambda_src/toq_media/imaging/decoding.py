"""From bytes to an opened picture: decoder by content, limits before any pixel is decoded."""

from __future__ import annotations

import importlib
import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageFile

from toq_media.errors import AssetError, ErrorCode
from toq_media.media_types import HEAD_BYTES, sniff

MAX_SIDE: Final = 65_500
"""Longest side of a JPEG in pixels (libjpeg's limit)."""

MAX_PROGRESSIVE_SCANS: Final = 100
"""Each scan may cost a pass over the whole picture; encoders write about ten."""

_PLUGINS: Final = {
    "image/jpeg": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "image/png": ("PIL.PngImagePlugin", "PngImageFile"),
    "image/webp": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "image/gif": ("PIL.GifImagePlugin", "GifImageFile"),
    "image/tiff": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "image/avif": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "image/heic": ("pillow_heif.as_plugin", "HeifImageFile"),
    "image/heif": ("pillow_heif.as_plugin", "HeifImageFile"),
}
_ACCEPTED: Final = "JPEG, PNG, WebP, HEIC, AVIF, TIFF or GIF"
_SUBFILE_TYPE: Final = 254
_REDUCED: Final = 1
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_DECODER_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
_MAX_MESSAGE: Final = 300


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """What a picture is: its type by content, and its pixels as stored and as seen upright."""

    media_type: str
    width: int
    height: int
    upright_width: int
    upright_height: int


@contextmanager
def corrupt_unless_decoded() -> Iterator[None]:
    """Say `CORRUPT_MEDIA` for whatever a decoder says of a file that it cannot read."""
    try:
        yield
    except _DECODER_ERRORS as error:
        message = f"cannot be decoded: {type(error).__name__}: {error}"[:_MAX_MESSAGE]
        raise AssetError(ErrorCode.CORRUPT_MEDIA, message) from error


def open_image(data: bytes, *, max_pixels: int) -> tuple[str, ImageFile.ImageFile]:
    """Open a picture with the decoder of its type; nothing is decoded yet.

    Args:
        data: the whole file.
        max_pixels: largest picture that is accepted, width times height.

    Returns:
        The media type and the opened picture.

    Raises:
        AssetError: UNSUPPORTED_MEDIA, PIXEL_LIMIT_EXCEEDED or CORRUPT_MEDIA.
    """
    media_type = _supported_type(data)
    if media_type == "image/webp":
        # Its decoder allocates the canvas when it is created.
        _check_pixels(_webp_canvas(data), max_pixels)
    # Ours is checked instead: Pillow's is one for the whole process and warns before it fails.
    Image.MAX_IMAGE_PIXELS = None
    module, name = _PLUGINS[media_type]
    with corrupt_unless_decoded():
        # Not `Image.open`: it would load five plugins first and then try them by their own rules.
        image: ImageFile.ImageFile = getattr(importlib.import_module(module), name)(
            io.BytesIO(data)
        )
    _check_pixels(image.size, max_pixels)
    if image.info.get("progressive"):
        _check_scans(data)
    if media_type == "image/tiff":
        _refuse_raw_photo(image)
    return media_type, image


def _supported_type(data: bytes) -> str:
    if not data:
        raise AssetError(ErrorCode.CORRUPT_MEDIA, "the file is empty")
    media_type = sniff(data[:HEAD_BYTES])
    if media_type not in _PLUGINS:
        found = media_type or f"no known type of file (it starts with {data[:8].hex(' ')})"
        message = f"found {found}; pictures may be {_ACCEPTED}"
        raise AssetError(ErrorCode.UNSUPPORTED_MEDIA, message)
    return media_type


def _check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        message = (
            f"{width}x{height} are {width * height / 1e6:.1f} megapixels,"
            f" the limit is {max_pixels / 1e6:.1f}"
        )
        raise AssetError(ErrorCode.PIXEL_LIMIT_EXCEEDED, message)


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Canvas of a WebP file; (0, 0), which the decoder then refuses, if its header is short."""
    kind, body = data[12:16], data[20:30]
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    sides = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return next(sides), next(sides)


def _check_scans(data: bytes) -> None:
    """Refuse a progressive JPEG of so many scans that decoding it is an attack."""
    scans, at = 0, 2
    while (found := _NEXT_MARKER.search(data, at)) and scans <= MAX_PROGRESSIVE_SCANS:
        marker = data[found.end() - 1]
        if marker == 0xD9:
            return
        scans += marker == 0xDA
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    if scans > MAX_PROGRESSIVE_SCANS:
        message = f"a progressive JPEG of more than {MAX_PROGRESSIVE_SCANS} scans"
        raise AssetError(ErrorCode.CORRUPT_MEDIA, message)


def _refuse_raw_photo(image: ImageFile.ImageFile) -> None:
    """Camera raw files are TIFFs whose first picture is a tiny preview; that is not the photo."""
    tags = getattr(image, "tag_v2", {})
    if tags.get(_SUBFILE_TYPE, 0) == _REDUCED:
        message = (
            f"found a camera's raw file (a TIFF led by a preview); pictures may be {_ACCEPTED}"
        )
        raise AssetError(ErrorCode.UNSUPPORTED_MEDIA, message)
