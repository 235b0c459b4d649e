"""EXIF orientation: read from the raw block without trusting it, applied to a picture.

Pillow's own reader would load the TIFF plugin and warn on stderr for every odd camera; one tag
of the first directory is all that is needed.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

UPRIGHT: Final = 1

_HEADER: Final = b"Exif\x00\x00"
_TAG: Final = 0x0112
_SHORT: Final = 3
_ENTRY_BYTES: Final = 12
_STEPS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_orientation(exif: object) -> int:
    """Orientation 1 to 8 of an EXIF block; 1 where it is absent, damaged or out of range."""
    if not isinstance(exif, bytes):
        return UPRIGHT
    block = memoryview(exif.removeprefix(_HEADER))
    order = {b"II*\x00": "little", b"MM\x00*": "big"}.get(bytes(block[:4]))
    if order is None:
        return UPRIGHT

    def number(at: int, length: int) -> int:
        return int.from_bytes(block[at : at + length], "little" if order == "little" else "big")

    first = number(4, 4)
    for entry in range(number(first, 2)):
        at = first + 2 + entry * _ENTRY_BYTES
        if at + _ENTRY_BYTES > len(block):
            break
        if number(at, 2) == _TAG:
            value = number(at + 8, 2) if number(at + 2, 2) == _SHORT else UPRIGHT
            return value if value in _STEPS else UPRIGHT
    return UPRIGHT


def swaps_sides(orientation: int) -> bool:
    """Whether the upright picture is as wide as the stored one is tall."""
    return orientation >= 5


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as its photographer saw it."""
    step = _STEPS.get(orientation)
    return image if step is None else image.transpose(step)
