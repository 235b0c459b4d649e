"""Pictures of camera size for the benchmarks: mosaics of real photos, made like a camera's.

The photos at hand were scaled down for the web and are sharper per pixel than what a sensor
gives. Enlarged four times and with a sensor's noise they have a phone file's bytes per pixel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import interior_photos
import numpy as np
from PIL import Image

FOLDER: Final = Path(".build/bench/pictures")
_TILE: Final = 1200
_ENLARGED: Final = 4
_NOISE: Final = 4.0
_SEED: Final = 20260110
_ORIENTATION: Final = 0x0112

_CASES: Final[dict[str, tuple[tuple[int, int], dict[str, Any]]]] = {
    "12 MP": ((4032, 3024), {}),
    "12 MP portrait": ((4032, 3024), {"orientation": 6}),
    "24 MP": ((6000, 4000), {}),
    "48 MP": ((8064, 6048), {}),
    "48 MP progressive": ((8064, 6048), {"progressive": True}),
}


def bench_pictures() -> dict[str, Path]:
    """Paths by case name; the files are made once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    return {name: _made(name, *case) for name, case in _CASES.items()}


def _made(name: str, size: tuple[int, int], options: dict[str, Any]) -> Path:
    path = FOLDER / f"{name.replace(' ', '-').lower()}.jpg"
    if not path.exists():
        exif = Image.Exif()
        exif[_ORIENTATION] = options.get("orientation", 1)
        progressive = options.get("progressive", False)
        part = path.with_suffix(".part")
        _mosaic(*size).save(part, "JPEG", quality=92, exif=exif, progressive=progressive)
        part.rename(path)
    return path


def _mosaic(width: int, height: int) -> Image.Image:
    picture = Image.new("RGB", (width, height))
    paths = sorted(interior_photos.get_all_photos())
    noise = np.random.default_rng(_SEED)
    spots = [(x, y) for y in range(0, height, _TILE) for x in range(0, width, _TILE)]
    for number, spot in enumerate(spots):
        picture.paste(_tile(Path(paths[number % len(paths)]), noise), spot)
    return picture


def _tile(path: Path, noise: np.random.Generator) -> Image.Image:
    side = _TILE // _ENLARGED
    with Image.open(path) as photo:
        left, top = (photo.width - side) // 2, (photo.height - side) // 2
        crop = photo.convert("RGB").crop((left, top, left + side, top + side))
    soft = np.asarray(crop.resize((_TILE, _TILE), Image.Resampling.BICUBIC), dtype=np.float32)
    grain = noise.standard_normal((_TILE, _TILE, 1), dtype=np.float32) * _NOISE
    return Image.fromarray((soft + grain).clip(0, 255).astype(np.uint8))
