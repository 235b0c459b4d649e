"""Loss of the finished files against files made the slow way (target P5)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from bench.worker import MAX_PIXELS
from toq_media.imaging import render


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What is lost in the worst size, in dB of PSNR and in SSIM; negative is worse."""

    psnr: float
    ssim: float


def worst_loss(path: Path) -> Loss:
    """Compare ours and the naive file with the uncompressed full-size Lanczos, at every size."""
    with Image.open(path) as image:
        full = ImageOps.exif_transpose(image).convert("RGB")
    psnr, ssim = [], []
    for file in render(path.read_bytes(), max_pixels=MAX_PIXELS).files.values():
        ours = Image.open(io.BytesIO(file))
        ideal = full.resize(ours.size, Image.Resampling.LANCZOS)
        slow = io.BytesIO()
        ideal.save(slow, "JPEG", quality=85, subsampling="4:2:0")
        reference = np.asarray(ideal)
        scores = [_score(reference, np.asarray(each)) for each in (ours, Image.open(slow))]
        psnr.append(scores[0][0] - scores[1][0])
        ssim.append(scores[0][1] - scores[1][1])
    return Loss(psnr=min(psnr), ssim=min(ssim))


def _score(reference: np.ndarray, picture: np.ndarray) -> tuple[float, float]:
    psnr = peak_signal_noise_ratio(reference, picture)  # type: ignore[no-untyped-call]
    ssim = structural_similarity(reference, picture, channel_axis=2)  # type: ignore[no-untyped-call]
    return float(psnr), float(ssim)
