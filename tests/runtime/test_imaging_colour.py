"""Colours: profiles, depths, palettes, alpha and the many CMYKs."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageCms
from skimage.color import deltaE_ciede2000, rgb2lab

from tests.runtime.picture_files import (
    Floats,
    corners,
    display_p3_profile,
    encoded,
    opened,
    png_chunk,
    quarter_colours,
    without_segment,
)
from tests.runtime.test_imaging_formats import alike
from toq_media.errors import AssetError, ErrorCode
from toq_media.imaging import render

MP = 1_000_000
WHITE = (255, 255, 255)
PATCH = 64
TO_XYZ = {
    "srgb": [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]],
    "p3": [[0.4866, 0.2657, 0.1982], [0.2290, 0.6917, 0.0793], [0.0000, 0.0451, 1.0439]],
}


def large(data: bytes) -> Image.Image:
    return opened(render(data, max_pixels=MP).files["large"])


def colour_at(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = picture.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def linear(values: Floats) -> Floats:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def curved(values: Floats) -> Floats:
    values = values.clip(0, 1)
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)


def colour_card() -> Floats:
    """A 6x4 card of sRGB colours, most of them saturated, 0 to 1."""
    steps = [(r, g, b) for r in (0.1, 0.5, 0.9) for g in (0.2, 0.8) for b in (0.1, 0.4, 0.6, 0.95)]
    return np.array(steps, dtype=float).reshape(4, 6, 3)


def as_picture(card: Floats) -> Image.Image:
    pixels = (card * 255).round().astype(np.uint8)
    return Image.fromarray(pixels.repeat(PATCH, 0).repeat(PATCH, 1))


def shift(card: Floats, picture: Image.Image) -> float:
    """Mean delta E (CIEDE2000) between a card and the middles of a picture's patches."""
    middles = np.asarray(picture, dtype=float)[PATCH // 2 :: PATCH, PATCH // 2 :: PATCH] / 255
    delta = deltaE_ciede2000(rgb2lab(card), rgb2lab(middles))  # type: ignore[no-untyped-call]
    return float(delta.mean())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_display_p3_is_converted_without_a_colour_shift(kind: str) -> None:
    card = colour_card()
    matrix = np.linalg.inv(TO_XYZ["p3"]) @ TO_XYZ["srgb"]
    wide = as_picture(curved(linear(card) @ matrix.T))
    options = {"quality": 100} if kind in {"JPEG", "WEBP"} else {}
    if kind == "JPEG":
        options["subsampling"] = 0
    data = encoded(wide, kind, icc_profile=display_p3_profile(), **options)
    assert shift(card, large(data)) < 1
    assert shift(card, wide) > 2


def test_an_srgb_profile_changes_nothing() -> None:
    card = as_picture(colour_card())
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with_profile = render(encoded(card, "PNG", icc_profile=profile), max_pixels=MP)
    assert with_profile.files == render(encoded(card, "PNG"), max_pixels=MP).files


@pytest.mark.parametrize(
    "profile", [b"not a profile", display_p3_profile()[:200], bytes(5 * 1024 * 1024)]
)
def test_a_bad_or_huge_profile_is_ignored(profile: bytes) -> None:
    card = as_picture(colour_card())
    data = encoded(card, "TIFF", icc_profile=profile)
    assert shift(colour_card(), large(data)) < 1


def test_a_profile_of_another_colour_space_is_ignored() -> None:
    picture = corners().convert("L")
    data = encoded(picture, "JPEG", icc_profile=display_p3_profile(), quality=95)
    assert alike(quarter_colours(large(data)), quarter_colours(picture), slack=6)


def cmyk_corners() -> Image.Image:
    return corners().convert("CMYK")


def ycck_jpeg() -> bytes:
    """YCCK as Photoshop writes it: inverted CMYK whose CMY went through YCbCr, transform 2."""
    cyan, magenta, yellow, black = ImageChops.invert(cmyk_corners()).split()
    rgb = Image.merge("RGB", [ImageChops.invert(band) for band in (cyan, magenta, yellow)])
    bands = (*rgb.convert("YCbCr").split(), black)
    wanted = Image.merge("CMYK", bands)
    # The encoder inverts what it is given.
    data = encoded(ImageChops.invert(wanted), "JPEG", quality=95, subsampling=0)
    flag = data.index(b"Adobe") + 11
    return data[:flag] + b"\x02" + data[flag + 1 :]


def plain_cmyk_jpeg() -> bytes:
    """CMYK that is neither inverted nor marked by Adobe."""
    data = encoded(ImageChops.invert(cmyk_corners()), "JPEG", quality=95, subsampling=0)
    return without_segment(data, 0xEE)


@pytest.mark.parametrize(
    "data",
    [
        encoded(cmyk_corners(), "JPEG", quality=95, subsampling=0),
        plain_cmyk_jpeg(),
        ycck_jpeg(),
        encoded(cmyk_corners(), "TIFF"),
    ],
    ids=["adobe", "no marker", "ycck", "tiff"],
)
def test_every_cmyk_keeps_its_colours(data: bytes) -> None:
    assert alike(quarter_colours(large(data)), quarter_colours(corners()), slack=12)


def test_a_lab_tiff_is_converted() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    picture = ImageCms.profileToProfile(corners(), srgb, lab, outputMode="LAB")
    assert picture is not None
    assert alike(quarter_colours(large(encoded(picture, "TIFF"))), quarter_colours(corners()))


def test_alpha_is_flattened_on_white_without_dark_edges() -> None:
    picture = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (200, 0, 400, 400))
    picture.paste((255, 0, 0, 128), (200, 200, 400, 400))
    for kind in ("PNG", "WEBP"):
        made = large(encoded(picture, kind, lossless=True))
        found = [colour_at(made, x, y) for x, y in ((100, 100), (300, 100), (300, 300))]
        assert alike(found, [WHITE, (255, 0, 0), (255, 127, 127)], slack=8)
        assert min(colour_at(made, x, 100)[0] for x in range(400)) > 190


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "1"])
def test_a_transparent_colour_becomes_white(mode: str) -> None:
    picture = Image.new("RGB", (64, 64), "white")
    picture.paste("black", (0, 0, 32, 64))
    picture = picture.convert(mode)
    black = picture.getpixel((0, 0))
    made = large(encoded(picture, "PNG", transparency=black))
    assert alike([colour_at(made, 8, 8), colour_at(made, 56, 8)], [WHITE, WHITE], slack=2)


def test_a_palette_with_partial_transparency_is_blended() -> None:
    picture = Image.new("P", (64, 64), 1)
    picture.putpalette([0, 0, 0, 0, 0, 255])
    made = large(encoded(picture, "PNG", transparency=bytes([255, 128])))
    assert alike([colour_at(made, 8, 8)], [(127, 127, 255)], slack=6)


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 256 * 64).reshape(64, 256).astype(np.uint16)
    for kind in ("PNG", "TIFF"):
        made = np.asarray(large(encoded(Image.fromarray(ramp), kind)), dtype=float)
        assert np.abs(made[:, :, 0] - ramp / 257).max() < 6


def test_sixteen_bit_colour_png_is_read() -> None:
    header = struct.pack(">IIBBBBB", 40, 40, 16, 2, 0, 0, 0)
    row = b"\0" + struct.pack(">3H", 0x8000, 0x4000, 0xFFFF) * 40
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(row * 40))
    made = large(b"\x89PNG\r\n\x1a\n" + body + png_chunk(b"IEND", b""))
    assert alike([colour_at(made, 20, 20)], [(128, 64, 255)], slack=3)


def test_samples_without_an_agreed_range_are_refused() -> None:
    data = encoded(Image.new("F", (20, 20)), "TIFF")
    with pytest.raises(AssetError, match="32 bits") as caught:
        render(data, max_pixels=MP)
    assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [corners(), *(Image.new("RGB", (320, 200), (n, 0, 0)) for n in range(5))]
    for kind in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        file = io.BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:])
        assert alike(quarter_colours(large(file.getvalue())), quarter_colours(corners()), slack=40)
