"""Four renditions of one picture: decoded once, each size made from the next larger.

A JPEG is decoded at the smallest DCT scale that leaves Lanczos at least `DRAFT_GAP` times the
largest rendition; orientation and colour are applied to the reduced picture.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PIL import Image

from toq_media.errors import AssetError, ErrorCode
from toq_media.imaging.colour import prepared, to_srgb
from toq_media.imaging.decoding import (
    MAX_SIDE,
    SourceFacts,
    corrupt_unless_decoded,
    open_image,
)
from toq_media.imaging.orientation import UPRIGHT, read_orientation, swaps_sides, upright
from toq_media.keys import RENDITION_WIDTHS

DRAFT_GAP: Final = 1.25
"""Least ratio left for Lanczos after DCT scaling: 1.0 costs 1.4 dB, 1.5 up to half the speed."""

QUALITY: Final = 85
"""JPEG quality (seed section 2)."""

_LARGEST_FIRST: Final = sorted(RENDITION_WIDTHS.items(), key=lambda item: -item[1])
_EXIF_DECIDES: Final = ("image/jpeg", "image/png", "image/webp", "image/avif")
_BYTES_PER_PIXEL: Final = {
    "image/gif": 8,
    "image/png": 11,
    "image/heic": 12,
    "image/heif": 12,
    "image/avif": 14,
    "image/tiff": 14,
    "image/webp": 19,
}
"""Peak of decoding and the first resize, measured with alpha, which costs a copy."""

_BYTES_PER_DRAFT_PIXEL: Final = 8
_COEFFICIENT_BYTES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Renditions:
    """JPEG files by rendition name, and what they were made from."""

    files: Mapping[str, bytes]
    source: SourceFacts


class _JpegFile(io.BytesIO):
    """Memory with a file name: `Image.save` then loads the JPEG plugin and no other."""

    name = "rendition.jpg"


class Picture:
    """An opened picture that passed the limits and is not decoded yet.

    Args:
        data: the whole file.
        max_pixels: largest picture that is accepted, width times height.

    Raises:
        AssetError: UNSUPPORTED_MEDIA, PIXEL_LIMIT_EXCEEDED or CORRUPT_MEDIA.
    """

    def __init__(self, data: bytes, *, max_pixels: int) -> None:
        self._media_type, self._image = open_image(data, max_pixels=max_pixels)
        self._full_size = self._image.size
        self._box: tuple[float, float, float, float] | None = None
        if self._media_type == "image/jpeg":
            self._draft()

    @property
    def source(self) -> SourceFacts:
        """Type and sizes. TIFF and HEIC decoders turn the picture themselves."""
        width, height = self._full_size
        swapped = swaps_sides(self._orientation)
        return SourceFacts(
            media_type=self._media_type,
            width=width,
            height=height,
            upright_width=height if swapped else width,
            upright_height=width if swapped else height,
        )

    @property
    def working_bytes(self) -> int:
        """Estimate of the memory that `render` needs at its peak; on the high side."""
        full = self._full_size[0] * self._full_size[1]
        if self._media_type != "image/jpeg":
            return full * _BYTES_PER_PIXEL[self._media_type]
        drafted = self._image.width * self._image.height * _BYTES_PER_DRAFT_PIXEL
        if not self._image.info.get("progressive"):
            return drafted
        # libjpeg keeps the coefficients of the whole picture; unscaled chroma at worst.
        return drafted + full * _COEFFICIENT_BYTES * len(self._image.getbands())

    def render(self) -> Renditions:
        """Make the four renditions; call it once.

        Raises:
            AssetError: CORRUPT_MEDIA, PIXEL_LIMIT_EXCEEDED for a picture too long for a JPEG,
                UNSUPPORTED_MEDIA for samples that are not understood, and
                THUMBNAIL_PROCESSING_FAILED for whatever else happens.
        """
        try:
            return self._render()
        except AssetError:
            raise
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            raise AssetError(ErrorCode.THUMBNAIL_PROCESSING_FAILED, message) from error

    @property
    def _orientation(self) -> int:
        if self._media_type not in _EXIF_DECIDES:
            return UPRIGHT
        return read_orientation(self._image.info.get("exif"))

    def _draft(self) -> None:
        width, height = self._stored_target()
        drafted = self._image.draft("RGB", (int(width * DRAFT_GAP), int(height * DRAFT_GAP)))
        self._box = drafted[1] if drafted else None

    def _stored_target(self) -> tuple[int, int]:
        """Size of the largest rendition before it is turned upright."""
        width, height = _size(self.source, _LARGEST_FIRST[0][1])
        return (height, width) if swaps_sides(self._orientation) else (width, height)

    def _render(self) -> Renditions:
        with corrupt_unless_decoded():
            self._image.load()
        if self._media_type != "image/jpeg":
            # HEIC files may declare another size than their codec delivers.
            self._full_size = self._image.size
        reduced = prepared(self._image).resize(
            self._stored_target(), Image.Resampling.LANCZOS, box=self._box
        )
        profile = self._image.info.get("icc_profile")
        orientation, source = self._orientation, self.source
        self._image.close()
        picture = to_srgb(upright(reduced, orientation), profile)
        return Renditions(files=_pyramid(picture, source), source=source)


def render(data: bytes, *, max_pixels: int) -> Renditions:
    """Four renditions of a picture; raises as `Picture` and `Picture.render` do."""
    return Picture(data, max_pixels=max_pixels).render()


def _size(source: SourceFacts, width: int) -> tuple[int, int]:
    """Size of a rendition: never enlarged, aspect kept, halves rounded up, at least one pixel."""
    wide, tall = source.upright_width, source.upright_height
    width = min(width, wide)
    height = max(1, int(width * tall / wide + 0.5))
    if height > MAX_SIDE:
        message = f"{wide}x{tall} gives renditions {height} pixels tall; a JPEG ends at {MAX_SIDE}"
        raise AssetError(ErrorCode.PIXEL_LIMIT_EXCEEDED, message)
    return width, height


def _pyramid(picture: Image.Image, source: SourceFacts) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    encoded = b""
    for name, width in _LARGEST_FIRST:
        size = _size(source, width)
        if size != picture.size:
            picture, encoded = picture.resize(size, Image.Resampling.LANCZOS), b""
        encoded = encoded or _encode(picture)
        files[name] = encoded
    return files


def _encode(picture: Image.Image) -> bytes:
    # A source's comment, GPS position and profile travel in `info`.
    picture.info.clear()
    file = _JpegFile()
    picture.save(file, quality=QUALITY, subsampling="4:2:0")
    return file.getvalue()
