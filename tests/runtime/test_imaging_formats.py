"""Every kind of picture in, four upright JPEGs of the right size out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.runtime.picture_files import (
    corners,
    encoded,
    exif_with,
    opened,
    quarter_colours,
    segments,
    stored,
)
from toq_media.imaging import Picture, render
from toq_media.imaging.orientation import read_orientation
from toq_media.keys import RENDITION_WIDTHS

MP = 1_000_000
LAMBDA_SRC = Path(__file__).parents[2] / "lambda_src"
FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "WEBP": {"quality": 95},
    "TIFF": {"compression": "tiff_lzw"},
    "AVIF": {"quality": 95},
    "HEIF": {"quality": 95},
}


def alike(found: list[tuple[int, ...]], expected: list[tuple[int, ...]], slack: int = 24) -> bool:
    pairs = zip(found, expected, strict=True)
    return all(abs(a - b) <= slack for one, two in pairs for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95, "subsampling": "4:4:4"}),
        ("JPEG", {"quality": 95, "subsampling": "4:2:0", "progressive": True}),
        ("JPEG", {"quality": 95, "subsampling": "4:1:1"}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 95}),
        ("TIFF", {}),
        ("TIFF", {"compression": "jpeg", "quality": 95}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("AVIF", {"quality": 95}),
        ("HEIF", {"quality": 95}),
    ],
)
def test_every_format_keeps_its_picture(kind: str, options: dict[str, Any]) -> None:
    picture = corners()
    made = render(encoded(picture, kind, **options), max_pixels=MP)
    assert set(made.files) == set(RENDITION_WIDTHS)
    for name, width in RENDITION_WIDTHS.items():
        rendition = opened(made.files[name])
        assert rendition.size == (min(width, 320), min(width, 320) * 200 // 320)
        assert alike(quarter_colours(rendition), quarter_colours(picture))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", FORMATS)
def test_renditions_are_upright_whoever_turns_them(kind: str, orientation: int) -> None:
    picture = corners()
    data = encoded(stored(picture, orientation), kind, exif=exif_with(orientation), **FORMATS[kind])
    made = render(data, max_pixels=MP)
    large = opened(made.files["large"])
    assert large.size == picture.size
    assert (made.source.upright_width, made.source.upright_height) == picture.size
    assert alike(quarter_colours(large), quarter_colours(picture))


def test_a_turned_photo_is_measured_by_its_upright_width() -> None:
    data = encoded(stored(corners(2000, 3000), 6), "JPEG", exif=exif_with(6))
    made = render(data, max_pixels=10 * MP)
    sizes = {name: opened(file).size for name, file in made.files.items()}
    assert sizes == {
        "thumbnail": (200, 300),
        "small": (400, 600),
        "medium": (800, 1200),
        "large": (1200, 1800),
    }
    assert (made.source.width, made.source.height) == (3000, 2000)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2600), st.integers(1, 900))
def test_sizes_follow_the_rule_for_every_source(width: int, height: int) -> None:
    made = render(encoded(Image.new("RGB", (width, height)), "JPEG"), max_pixels=10 * MP)
    for name, target in RENDITION_WIDTHS.items():
        wide = min(target, width)
        assert opened(made.files[name]).size == (wide, max(1, int(height * wide / width + 0.5)))


def test_a_small_source_is_never_enlarged_and_still_has_all_four() -> None:
    made = render(encoded(corners(90, 60), "JPEG"), max_pixels=MP)
    assert {opened(file).size for file in made.files.values()} == {(90, 60)}
    assert len(made.files) == 4


def test_a_very_wide_strip_becomes_one_pixel_tall() -> None:
    made = render(encoded(Image.new("RGB", (60_000, 1)), "PNG"), max_pixels=MP)
    assert opened(made.files["thumbnail"]).size == (200, 1)


def test_files_are_baseline_420_and_carry_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (38.0, 43.0, 12.5)}
    data = encoded(
        corners(1600, 1000),
        "JPEG",
        exif=exif.tobytes(),
        comment=b"taken at home",
        xmp=b"<x:xmpmeta/>",
        dpi=(300, 300),
    )
    for file in render(data, max_pixels=2 * MP).files.values():
        assert set(segments(file)) == {0xE0, 0xDB, 0xC0, 0xC4}
        frame = file.index(b"\xff\xc0")
        assert file[frame + 9] == 3
        assert file[frame + 11] == 0x22


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        exif_with(9),
        exif_with(0),
        exif_with(6)[:20],
        None,
    ],
)
def test_a_bad_orientation_counts_as_none(exif: bytes | None) -> None:
    assert read_orientation(exif) == 1


@given(st.binary(max_size=300))
def test_no_exif_block_makes_the_reader_fail(tail: bytes) -> None:
    assert 1 <= read_orientation(b"Exif\0\0MM\0*\0\0\0\x08" + tail) <= 8


def plugins_after(script: str, stdin: bytes) -> list[str]:
    """Decoders that a fresh interpreter has loaded after the script."""
    report = "print(*(m for m in sys.modules if 'Plugin' in m or 'heif' in m))"
    lines = ("import sys", f"sys.path.insert(0, {str(LAMBDA_SRC)!r})", script, report)
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        input=stdin,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return run.stdout.decode().split()


def test_a_plain_jpeg_loads_the_jpeg_plugin_alone() -> None:
    script = (
        "from toq_media.imaging import render\n"
        "made = render(sys.stdin.buffer.read(), max_pixels=10**7)\n"
        "assert len(made.files) == 4"
    )
    assert plugins_after(script, encoded(corners(1600, 1000), "JPEG")) == ["PIL.JpegImagePlugin"]


def test_an_unknown_file_loads_no_plugin() -> None:
    script = (
        "from toq_media.errors import AssetError\n"
        "from toq_media.imaging import render\n"
        "try:\n"
        "    render(sys.stdin.buffer.read(), max_pixels=10**7)\n"
        "except AssetError:\n"
        "    pass"
    )
    assert plugins_after(script, b"not a picture") == []


def test_memory_is_estimated_before_anything_is_decoded() -> None:
    big = Image.new("RGB", (4000, 3000))
    baseline = Picture(encoded(big, "JPEG"), max_pixels=20 * MP).working_bytes
    progressive = Picture(encoded(big, "JPEG", progressive=True), max_pixels=20 * MP).working_bytes
    full = Picture(encoded(big, "PNG"), max_pixels=20 * MP).working_bytes
    assert 12 * MP < baseline < 30 * MP
    assert min(progressive, full) > 90 * MP
