"""Damaged files of every format: a result or one of our errors, never anything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.picture_files import (
    corners,
    display_p3_profile,
    encoded,
    exif_with,
)
from toq_media.errors import AssetError, ErrorCode
from toq_media.imaging import Renditions, render

MP = 1_000_000
SEEDS = {
    "jpeg": encoded(
        corners(64, 40), "JPEG", exif=exif_with(6), icc_profile=display_p3_profile(), dpi=(72, 72)
    ),
    "progressive": encoded(corners(64, 40), "JPEG", progressive=True),
    "cmyk": encoded(corners(64, 40).convert("CMYK"), "JPEG"),
    "png": encoded(corners(64, 40), "PNG", icc_profile=display_p3_profile(), exif=exif_with(3)),
    "palette": encoded(corners(64, 40).convert("P"), "PNG", transparency=3),
    "gif": encoded(corners(64, 40), "GIF"),
    "webp": encoded(corners(64, 40), "WEBP", exif=exif_with(8)),
    "lossless webp": encoded(corners(64, 40).convert("RGBA"), "WEBP", lossless=True),
    "tiff": encoded(corners(64, 40), "TIFF"),
    "packed tiff": encoded(corners(64, 40), "TIFF", compression="tiff_lzw"),
    "avif": encoded(corners(64, 40), "AVIF", exif=exif_with(6)),
    "heic": encoded(corners(64, 40), "HEIF"),
}
CODES = {
    ErrorCode.CORRUPT_MEDIA,
    ErrorCode.PIXEL_LIMIT_EXCEEDED,
    ErrorCode.UNSUPPORTED_MEDIA,
    ErrorCode.THUMBNAIL_PROCESSING_FAILED,
}

Edits = list[tuple[float, int]]
edits = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12
)


def damaged(data: bytes, changes: Edits, kept: float, doubled: bool) -> bytes:
    """Bytes overwritten anywhere (the head is where it hurts), the end cut, a part repeated."""
    body = bytearray(data)
    for where, value in changes:
        # Squared, so that headers get most of the edits.
        body[int(where * where * len(body))] = value
    body = body[: int(len(body) * kept) + 1]
    return bytes(body + body[len(body) // 2 :] if doubled else body)


def check(data: bytes) -> None:
    try:
        found: Renditions | AssetError = render(data, max_pixels=MP)
    except AssetError as error:
        found = error
    if isinstance(found, AssetError):
        assert found.code in CODES
        assert 0 < len(found.message) < 400
    else:
        assert len(found.files) == 4


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", SEEDS)
@settings(max_examples=60, deadline=None)
@given(changes=edits, kept=st.sampled_from([1.0, 1.0, 0.95, 0.6, 0.2]), doubled=st.booleans())
def test_damage_gives_a_result_or_our_error(
    seed: str, changes: Edits, kept: float, doubled: bool
) -> None:
    check(damaged(SEEDS[seed], changes, kept, doubled))


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=100, deadline=None)
@given(head=st.sampled_from(sorted(SEEDS)), tail=st.binary(max_size=400), kept=st.integers(4, 64))
def test_a_right_beginning_followed_by_noise(head: str, tail: bytes, kept: int) -> None:
    check(SEEDS[head][:kept] + tail)
