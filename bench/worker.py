"""The Python variants: `python -m bench.worker VARIANT PATH RUNS`."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from toq_media.imaging import render

WIDTHS = (1200, 800, 400, 200)
MAX_PIXELS = 100_000_000
BATCH = 8


def ours(data: bytes) -> None:
    """The function's own code."""
    render(data, max_pixels=MAX_PIXELS)


def naive(data: bytes) -> None:
    """The first implementation's method in Pillow: full decode, four resizes from full size."""
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image)
    for width in WIDTHS:
        _encode(upright.resize(_size(upright, width), Image.Resampling.LANCZOS))


def bound(data: bytes) -> None:
    """What no method can beat: the smallest decode that serves, and four encodes."""
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", _size(image, WIDTHS[0]))
        image.load()
        for width in WIDTHS:
            _encode(image.crop((0, 0, *_size(image, width))))


def vips(data: bytes) -> None:
    """Libvips through pyvips: one shrink-on-load decode, each size from the next larger."""
    pyvips: Any = import_module("pyvips")
    picture = pyvips.Image.thumbnail_buffer(data, WIDTHS[0]).copy_memory()
    for width in WIDTHS:
        if picture.width != width:
            picture = picture.thumbnail_image(width).copy_memory()
        picture.jpegsave_buffer(Q=85, strip=True)


def batch(data: bytes, threads: int) -> None:
    """A batch of the same picture with so many threads."""
    with ThreadPoolExecutor(max_workers=threads) as pool:
        list(pool.map(ours, [data] * BATCH))


VARIANTS: dict[str, Callable[[bytes], None]] = {
    "ours": ours,
    "naive": naive,
    "bound": bound,
    "vips": vips,
    "batch-1": lambda data: batch(data, 1),
    "batch-2": lambda data: batch(data, 2),
}


def main(variant: str, path: str, runs: str) -> None:
    """Measure one variant on one picture and print the protocol's object."""
    work, data = VARIANTS[variant], Path(path).read_bytes()
    start = _peak_megabytes()
    work(data)
    peak = _peak_megabytes()
    times = [_milliseconds(work, data) for _ in range(int(runs))]
    report = {"milliseconds": times, "startMegabytes": start, "peakMegabytes": peak}
    print(json.dumps(report))


def _milliseconds(work: Callable[[bytes], None], data: bytes) -> float:
    began = time.perf_counter()
    work(data)
    return (time.perf_counter() - began) * 1000


def _peak_megabytes() -> float:
    # Not ru_maxrss: a child starts with its parent's.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def _size(image: Image.Image, width: int) -> tuple[int, int]:
    return width, int(image.height * width / image.width + 0.5)


def _encode(image: Image.Image) -> None:
    image.save(io.BytesIO(), "JPEG", quality=85, subsampling="4:2:0")


if __name__ == "__main__":
    main(*sys.argv[1:])
