"""Broken and hostile files: one error code and one readable message each, in bounded memory."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.runtime.picture_files import (
    corners,
    encoded,
    opened,
    png_chunk,
    png_claiming,
    quarter_colours,
)
from tests.runtime.test_imaging_formats import alike
from toq_media.errors import AssetError, ErrorCode
from toq_media.imaging import MAX_SIDE, Picture, render
from toq_media.imaging.decoding import MAX_PROGRESSIVE_SCANS

MP = 1_000_000
LAMBDA_SRC = Path(__file__).parents[2] / "lambda_src"


def failure(data: bytes, max_pixels: int = 100 * MP) -> AssetError:
    with pytest.raises(AssetError) as caught:
        render(data, max_pixels=max_pixels)
    return caught.value


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"%PDF-1.7\n...", "application/pdf"),
        (b"<svg xmlns='x'/>", "image/svg+xml"),
        (b"GIF99a", "starts with 47 49 46"),
        (b"just text", "starts with 6a 75 73 74"),
        (encoded(corners(), "BMP"), "image/bmp"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, found: str) -> None:
    error = failure(data)
    assert error.code is ErrorCode.UNSUPPORTED_MEDIA
    assert found in error.message
    assert "JPEG, PNG, WebP, HEIC" in error.message


def test_a_raw_photo_is_not_taken_for_its_preview() -> None:
    data = encoded(corners(160, 120), "TIFF", tiffinfo={254: 1})
    error = failure(data)
    assert error.code is ErrorCode.UNSUPPORTED_MEDIA
    assert "raw" in error.message


def test_zero_bytes() -> None:
    error = failure(b"")
    assert (error.code, error.message) == (ErrorCode.CORRUPT_MEDIA, "the file is empty")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_truncated_file_is_corrupt(kind: str, kept: float) -> None:
    picture = Image.effect_noise((300, 200), 60).convert("RGB")
    data = encoded(picture, kind)
    assert failure(data[: int(len(data) * kept)]).code is ErrorCode.CORRUPT_MEDIA


@pytest.mark.parametrize(("width", "height"), [(12_000, 12_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    error = failure(png_claiming(width, height))
    assert error.code is ErrorCode.PIXEL_LIMIT_EXCEEDED
    assert f"{width}x{height}" in error.message
    assert "the limit is 100.0" in error.message


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_the_limit_is_a_setting_for_every_format(kind: str) -> None:
    data = encoded(corners(300, 200), kind)
    assert Picture(data, max_pixels=60_000).source.width == 300
    assert failure(data, 59_999).code is ErrorCode.PIXEL_LIMIT_EXCEEDED


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_canvas_is_checked_before_its_decoder_exists(lossless: bool) -> None:
    data = encoded(corners(300, 200), "WEBP", lossless=lossless)
    assert failure(data, 59_999).code is ErrorCode.PIXEL_LIMIT_EXCEEDED
    huge = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\xff\xff\xff\x00"
    assert "16777216x65536" in failure(huge).message


def test_a_picture_too_tall_for_a_jpeg_says_so() -> None:
    error = failure(encoded(Image.new("L", (1, 100_000)), "PNG"))
    assert error.code is ErrorCode.PIXEL_LIMIT_EXCEEDED
    assert str(MAX_SIDE) in error.message


def test_a_progressive_jpeg_of_countless_scans_is_refused() -> None:
    data = encoded(corners(640, 480), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    assert len(render(data, max_pixels=MP).files) == 4
    error = failure(data[:-2] + scan * MAX_PROGRESSIVE_SCANS + data[-2:])
    assert error.code is ErrorCode.CORRUPT_MEDIA
    assert "scans" in error.message


def test_bytes_after_the_end_of_a_progressive_jpeg_do_not_count() -> None:
    data = encoded(corners(640, 480), "JPEG", progressive=True) + b"\xff\xda\x00\x02" * 500
    assert len(render(data, max_pixels=MP).files) == 4


def test_a_profile_that_inflates_to_megabytes_is_an_error_of_the_file() -> None:
    data = encoded(corners(), "PNG")
    profile = b"icc\0\0" + zlib.compress(bytes(64 * MP), 9)
    at = 8 + 25
    error = failure(data[:at] + png_chunk(b"iCCP", profile) + data[at:])
    assert error.code is ErrorCode.CORRUPT_MEDIA


def test_an_exif_block_of_megabytes_is_skipped_over() -> None:
    data = encoded(corners(), "PNG")
    exif = b"MM\0*\0\0\0\x08\xff\xff" + struct.pack(">HHII", 0x010E, 2, 5 * MP, 20) * 500_000
    at = 8 + 25
    made = render(data[:at] + png_chunk(b"eXIf", exif) + data[at:], max_pixels=MP)
    assert alike(quarter_colours(opened(made.files["large"])), quarter_colours(corners()))


PEAK = """
import sys
sys.path.insert(0, {path!r})
from PIL import Image
from toq_media.errors import AssetError
from toq_media.imaging import render

def peak():
    # Not ru_maxrss: a child starts with its parent's.
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])

data = sys.stdin.buffer.read()
start = peak()
try:
    render(data, max_pixels=100_000_000)
except AssetError as error:
    print(error.code, end=" ")
print((peak() - start) // 1024)
"""


def peak_megabytes(data: bytes) -> tuple[str, int]:
    """Error code if any, and the growth of a fresh process while it renders."""
    script = PEAK.format(path=str(LAMBDA_SRC))
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        input=data,
        capture_output=True,
        check=True,
        timeout=120,
    )
    *code, growth = run.stdout.decode().split()
    return "".join(code), int(growth)


def test_a_bomb_of_gigabytes_costs_no_memory() -> None:
    row = zlib.compressobj(9)
    pixels = row.compress(bytes(7_501 * 8)) + row.flush()
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 1)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", pixels)
    code, growth = peak_megabytes(b"\x89PNG\r\n\x1a\n" + body)
    assert code == "PIXEL_LIMIT_EXCEEDED"
    assert growth < 40


def test_an_animation_of_thousands_of_frames_costs_one() -> None:
    one = encoded(Image.new("L", (800, 600), 3), "GIF")
    table = 3 << (one[10] & 7) + 1
    frame = one[13 + table : -1]
    data = one[: 13 + table] + frame * 3000 + one[-1:]
    code, growth = peak_megabytes(data)
    assert code == ""
    assert growth < 40


def test_a_large_baseline_jpeg_is_decoded_in_little_memory() -> None:
    data = encoded(Image.effect_noise((1000, 750), 40).resize((8000, 6000)), "JPEG")
    code, growth = peak_megabytes(data)
    assert code == ""
    assert growth < 50
