"""Pictures that the rendition tests feed in, made in memory."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import interior_photos
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from toq_media.imaging.orientation import upright

Floats = NDArray[np.float64]

CORNERS = {"top left": "red", "top right": "lime", "bottom left": "blue", "bottom right": "yellow"}
UNDO = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
"""The orientation that turns an upright picture into how a camera stored it."""


def corners(width: int = 320, height: int = 200) -> Image.Image:
    """Four quarters of four colours: tells every orientation from every other."""
    picture = Image.new("RGB", (width, height))
    for name, colour in CORNERS.items():
        left = 0 if name.endswith("left") else width // 2
        top = 0 if name.startswith("top") else height // 2
        picture.paste(colour, (left, top, left + (width + 1) // 2, top + (height + 1) // 2))
    return picture


def stored(picture: Image.Image, orientation: int) -> Image.Image:
    return upright(picture, UNDO[orientation])


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(picture).save(file, **options)
    else:
        picture.save(file, kind, **options)
    return file.getvalue()


def exif_with(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "secret description"
    return exif.tobytes()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data), formats=("JPEG",))
    picture.load()
    return picture


def quarter_colours(picture: Image.Image) -> list[tuple[int, ...]]:
    """Colour in the middle of each quarter, in the order of `CORNERS`."""
    rgb = np.asarray(picture.convert("RGB"), dtype=int)
    tall, wide = rgb.shape[:2]
    spots = [(1, 1), (1, 3), (3, 1), (3, 3)]
    return [tuple(rgb[tall * y // 4, wide * x // 4].tolist()) for y, x in spots]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims any size."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + body + png_chunk(b"IEND", b"")


def without_segment(jpeg: bytes, marker: int) -> bytes:
    """The JPEG without its first segment of this marker."""
    at = jpeg.index(bytes([0xFF, marker]))
    length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return jpeg[:at] + jpeg[at + 2 + length :]


def segments(jpeg: bytes) -> list[int]:
    """Markers up to the first scan."""
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        found.append(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return found


def display_p3_profile() -> bytes:
    """A Display P3 profile as phones embed it: D50 colorants and the sRGB curve."""
    colorants = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
        b"wtpt": (0.96420, 1.00000, 0.82491),
    }
    curve = struct.pack(
        ">4sIHH5i", b"para", 0, 3, 0, *_fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    )
    tags = {
        name: b"XYZ \0\0\0\0" + struct.pack(">3i", *_fixed(*v)) for name, v in colorants.items()
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, bodies = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        table += struct.pack(">4sII", name, start + len(bodies), len(body))
        bodies += body
    total = start + len(bodies)
    header = struct.pack(">I4sI4s4s4s", total, b"lcms", 0x04000000, b"mntr", b"RGB ", b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", *_fixed(0.9642, 1.0, 0.82491))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + bodies


@cache
def photos() -> tuple[Image.Image, ...]:
    """Real photos that differ in texture, without their profiles."""
    paths = sorted(interior_photos.get_all_photos(), key=lambda path: Path(path).stat().st_size)
    return tuple(Image.open(path).convert("RGB") for path in paths[5::8])


def mosaic(width: int, height: int) -> Image.Image:
    """Unscaled crops of the photos side by side: at least as much detail as a camera's file."""
    picture = Image.new("RGB", (width, height))
    spots = [(x, y) for y in range(0, height, 1200) for x in range(0, width, 1200)]
    for number, spot in enumerate(spots):
        picture.paste(photos()[number % len(photos())].crop((30, 40, 1230, 1240)), spot)
    return picture


def _fixed(*values: float) -> list[int]:
    return [round(value * 65536) for value in values]
