"""Samples of any kind to sRGB: bit depth, palettes, alpha, CMYK and embedded ICC profiles."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final

from PIL import Image, ImageChops, ImageCms

from toq_media.errors import AssetError, ErrorCode

MAX_PROFILE_BYTES: Final = 4 * 1024 * 1024
"""A larger profile is ignored; press profiles have up to 2.5 MB."""

_PROFILE_MODES: Final = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}
_SIXTEEN_BIT: Final = ("I;16", "I;16L", "I;16B", "I;16N")
_RESIZABLE: Final = ("L", "RGB", "CMYK", "LAB", "RGBA", "LA", "RGBX")
_GRID_STEPS: Final = 9
_SAME_COLOUR: Final = 1
_BAD_PROFILE: Final = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


def prepared(image: Image.Image) -> Image.Image:
    """The decoded picture in a mode that can be resized without mixing what must not be mixed.

    Raises:
        AssetError: samples of more than 16 bits, for which no range is agreed.
    """
    if image.mode in {"I", "F"}:
        message = "found samples of 32 bits; pictures may have 8 or 16 bits per sample"
        raise AssetError(ErrorCode.UNSUPPORTED_MEDIA, message)
    if image.mode in _SIXTEEN_BIT:
        return image.convert("I")
    if image.has_transparency_data and image.mode not in {"RGBA", "LA"}:
        return image.convert("LA" if image.mode in {"1", "L", "La"} else "RGBA")
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        # Pillow inverts every CMYK JPEG, but only Adobe's are stored that way.
        return ImageChops.invert(image)
    return image if image.mode in _RESIZABLE else image.convert("RGB")


def to_srgb(image: Image.Image, profile: object) -> Image.Image:
    """A prepared (and by now small) picture as opaque sRGB.

    Args:
        image: in a mode that `prepared` returns.
        profile: the embedded ICC profile if there is any; a bad one is ignored.
    """
    opaque = _opaque(image)
    if opaque.mode == "LAB":
        return _from_lab(opaque)
    converted = _through_profile(opaque, profile) if isinstance(profile, bytes) else None
    return converted if converted is not None else opaque.convert("RGB")


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode == "I":
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.mode not in {"RGBA", "LA"}:
        return image
    flat = Image.new(image.mode[:-1], image.size, "white")
    flat.paste(image.convert(flat.mode), mask=image.getchannel("A"))
    return flat


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB; None where the profile changes nothing or cannot be used."""
    source = image.convert("RGB") if image.mode == "RGBX" else image
    if len(profile) > MAX_PROFILE_BYTES:
        return None
    transform = _transform(profile, source.mode)
    return transform.apply(source) if transform is not None else None


@lru_cache(maxsize=4)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Conversion to sRGB, kept because the pictures of one camera share their profile."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _PROFILE_MODES.get(source.profile.xcolor_space) != mode:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return None if mode == "RGB" and _changes_nothing(transform) else transform
    except _BAD_PROFILE:
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether the profile is sRGB under one of its many names: 18 ms saved per picture."""
    steps = [round(step * 255 / (_GRID_STEPS - 1)) for step in range(_GRID_STEPS)]
    samples = bytes(
        value for red in steps for green in steps for blue in steps for value in (red, green, blue)
    )
    grid = Image.frombytes("RGB", (_GRID_STEPS**2, _GRID_STEPS), samples)
    changed = ImageChops.difference(grid, transform.apply(grid))
    return changed.point(lambda value: value > _SAME_COLOUR).getbbox() is None


def _from_lab(image: Image.Image) -> Image.Image:
    converted = ImageCms.profileToProfile(
        image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    return converted if converted is not None else image.convert("RGB")
