"""The demo's listing, made on the spot: real interior photos, a project document, short videos."""

from __future__ import annotations

from pathlib import Path

import interior_photos
from PIL import Image, ImageDraw

from local.samples_video import make_videos

PHOTOS = 14

_TURNS: dict[int, Image.Transpose] = {
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}
"""EXIF orientation to the turn that stores an upright picture so that the tag undoes it."""


def make_listing(folder: Path) -> None:
    """Write the listing's files into an empty folder."""
    source = Path(interior_photos.__file__).parent / "images"
    orientations = (1, 6, 3, 8)
    for number, path in enumerate(sorted(source.glob("*.jpg"))[:PHOTOS]):
        _photo(path, folder / f"IMG_{2900 + number}.jpg", orientations[number % 4])
    _document(folder / "floor plan.pdf")
    make_videos(folder)


def _photo(source: Path, target: Path, orientation: int) -> None:
    """The photo as a phone held that way stores it: turned pixels and a tag."""
    if orientation == 1:
        target.write_bytes(source.read_bytes())
        return
    with Image.open(source) as picture:
        exif = Image.Exif()
        exif[0x0112] = orientation
        exif[0x010F] = "TOQ demo"
        turned = picture.convert("RGB").transpose(_TURNS[orientation])
        turned.save(target, quality=92, exif=exif)


def _document(target: Path) -> None:
    """A floor plan of one page."""
    page = Image.new("RGB", (1240, 877), "white")
    draw = ImageDraw.Draw(page)
    rooms = {
        "living room": (80, 80, 760, 500),
        "kitchen": (760, 80, 1160, 360),
        "bedroom": (80, 500, 520, 800),
        "bath": (520, 500, 760, 800),
        "study": (760, 360, 1160, 800),
    }
    for name, box in rooms.items():
        draw.rectangle(box, outline="black", width=6)
        draw.text((box[0] + 24, box[1] + 24), name, fill="black", font_size=28)
    page.save(target, "PDF", resolution=150)
