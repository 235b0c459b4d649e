"""Listings of the tests, one for each, and files to put into them."""

from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from local.samples_video import make_videos
from local.service import Service

WHOLE_WAY, KEYBOARD, PHONE, REFUSED, PLAIN = 601, 602, 603, 604, 605
TITLES = {
    WHOLE_WAY: "Whole way", KEYBOARD: "Keyboard", PHONE: "Phone", REFUSED: "Refused",
    PLAIN: "A listing with a rather long title that has to find its place on a phone",
}  # fmt: skip

UPLOAD_MILLISECONDS = 20_000
PIPELINE_MILLISECONDS = 60_000


def make_photos(folder: Path) -> list[Path]:
    """A landscape and a portrait photo."""
    shapes = {"front.jpg": ((1280, 800), "#8fb3a8"), "tower.jpg": ((700, 1100), "#c9a27c")}
    for name, (size, colour) in shapes.items():
        Image.new("RGB", size, colour).save(folder / name, quality=85)
    return [folder / name for name in shapes]


def make_video(folder: Path) -> Path:
    """One short video."""
    scratch = folder / "videos"
    scratch.mkdir()
    make_videos(scratch)
    return scratch / "tour living room.mp4"


def open_listing(page: Page, service: Service, listing: int) -> None:
    """Sign in and wait until the listing is followed."""
    page.goto(f"{service.url}/?listing={listing}#token={service.token}")
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[listing])


def card(page: Page, name: str) -> Locator:
    """The card of a file."""
    return page.get_by_role("listitem").filter(has_text=name)


def drop(page: Page, files: list[Path]) -> None:
    """Drop files onto the page, as a hand would."""
    chooser = page.evaluate_handle(
        """() => Object.assign(document.createElement("input"), {type: "file", multiple: true})"""
    ).as_element()
    assert chooser is not None
    chooser.set_input_files(files)
    page.locator("#drop").evaluate(
        """(zone, input) => {
            const dataTransfer = new DataTransfer();
            for (const file of input.files) dataTransfer.items.add(file);
            const event = (name) => new DragEvent(name, {dataTransfer, bubbles: true});
            zone.dispatchEvent(event("dragover"));
            zone.dispatchEvent(event("drop"));
        }""",
        chooser,
    )
