"""Renditions against full decoding and one Lanczos from full size, on real photos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tests.runtime.picture_files import encoded, exif_with, mosaic, opened, photos
from toq_media.imaging import render, rendering
from toq_media.imaging.orientation import read_orientation, upright
from toq_media.keys import RENDITION_WIDTHS

LANCZOS = Image.Resampling.LANCZOS


@dataclass(frozen=True)
class Score:
    psnr: float
    ssim: float

    @classmethod
    def of(cls, picture: Image.Image, reference: Image.Image) -> Score:
        left, right = np.asarray(picture.convert("RGB")), np.asarray(reference)
        if np.array_equal(left, right):
            return cls(100, 1)
        return cls(
            min(100, float(peak_signal_noise_ratio(right, left))),  # type: ignore[no-untyped-call]
            float(structural_similarity(right, left, channel_axis=2)),  # type: ignore[no-untyped-call]
        )


TARGET = Score(psnr=44, ssim=0.995)
LOSS = Score(psnr=0.5, ssim=0.004)
"""Most that a finished file may lose against one made the slow way."""

# 6000 pixels is the one common width that leaves Lanczos no more than 1.25 after a DCT scale of
# a quarter. Half scale would reach 54 dB there, in one and a half times the time.
QUARTER_SCALE_TARGET = Score(psnr=43, ssim=0.992)
QUARTER_SCALE_LOSS = Score(psnr=0.75, ssim=0.004)


def sources() -> Iterator[tuple[str, bytes]]:
    """Photos as they are, and camera-sized mosaics that reach the DCT scales."""
    for number, photo in enumerate(photos()):
        yield f"photo {number}, {photo.size}", encoded(photo, "JPEG", quality=92)
    # 3020 wide is the least that is decoded at half scale: 1.26 is left for Lanczos.
    for width, height in ((3020, 2000), (4032, 3024)):
        yield f"camera {width}x{height}", encoded(mosaic(width, height), "JPEG", quality=92)
    turned = encoded(mosaic(4032, 3024), "JPEG", quality=92, exif=exif_with(6))
    yield "camera portrait, turned by 90 degrees", turned


SOURCES = dict(sources())


def check(
    data: bytes, patch: pytest.MonkeyPatch, *, target: Score = TARGET, loss: Score = LOSS
) -> None:
    before_jpeg: dict[int, Image.Image] = {}
    encode = rendering._encode

    def spy(picture: Image.Image) -> bytes:
        before_jpeg[picture.width] = picture.copy()
        return encode(picture)

    patch.setattr(rendering, "_encode", spy)
    made = render(data, max_pixels=100_000_000)
    stored = opened(data)
    full = upright(stored.convert("RGB"), read_orientation(stored.info.get("exif")))
    for size, width in RENDITION_WIDTHS.items():
        ideal = full.resize(before_jpeg[width].size, LANCZOS)
        score = Score.of(before_jpeg[width], ideal)
        assert score.ssim >= target.ssim, (size, score)
        assert score.psnr >= target.psnr, (size, score)

        slow_file = opened(encoded(ideal, "JPEG", quality=85, subsampling="4:2:0"))
        slow, ours = Score.of(slow_file, ideal), Score.of(opened(made.files[size]), ideal)
        assert ours.psnr >= slow.psnr - loss.psnr, (size, ours, slow)
        assert ours.ssim >= slow.ssim - loss.ssim, (size, ours, slow)


@pytest.mark.parametrize("name", SOURCES)
def test_every_size_is_close_to_a_full_size_lanczos(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(SOURCES[name], monkeypatch)


def test_the_least_gap_at_quarter_scale_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(mosaic(6000, 4000), "JPEG", quality=92)
    check(data, monkeypatch, target=QUARTER_SCALE_TARGET, loss=QUARTER_SCALE_LOSS)
