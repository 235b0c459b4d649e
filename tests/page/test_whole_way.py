"""From dropped files to the ZIP, and what the page shows on the way."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from local.service import Service
from tests.page.listings import (
    PIPELINE_MILLISECONDS,
    UPLOAD_MILLISECONDS,
    WHOLE_WAY,
    card,
    drop,
    make_video,
    open_listing,
)

pytestmark = pytest.mark.local

SEEK = """async (video) => {
    if (video.readyState < 1) await new Promise((done) => (video.onloadedmetadata = done));
    const to = video.duration * 0.8;
    const sought = new Promise((done) => (video.onseeked = done));
    video.currentTime = to;
    await sought;
    return [video.videoWidth > 0, Math.abs(video.currentTime - to) < 0.1];
}"""


def test_photos_and_a_video_become_renditions_a_player_and_a_zip(
    page: Page, service: Service, photos: list[Path], tmp_path: Path
) -> None:
    video = make_video(tmp_path)
    open_listing(page, service, WHOLE_WAY)

    drop(page, [*photos, video])
    next_action = page.locator("#next-action")
    expect(next_action).to_have_text("Process 3 files", timeout=UPLOAD_MILLISECONDS)
    expect(card(page, "front.jpg")).to_contain_text("Uploaded")

    next_action.click()
    expect(next_action).to_have_text("Make the ZIP", timeout=PIPELINE_MILLISECONDS)
    for name in ("front.jpg", "tower.jpg", video.name):
        expect(card(page, name)).to_contain_text("Ready")
    expect(page.locator("#live")).to_have_text("Processing finished: 3 of 3 files ready.")
    expect(page.locator("#timeline .job")).to_contain_text("Done")
    _renditions_are_shown(page)
    _video_can_be_sought(page, video.name)

    next_action.click()
    link = page.get_by_role("link", name="Download ZIP (3 files")
    expect(link).to_be_visible(timeout=PIPELINE_MILLISECONDS)
    answer = page.request.get(link.get_attribute("href") or "")
    with zipfile.ZipFile(io.BytesIO(answer.body())) as archive:
        assert sorted(Path(name).name for name in archive.namelist()) == sorted(
            ["horizontal-01-front.jpg", "vertical-01-tower.jpg",
             "horizontal-01-tour-living-room.mp4"]
        )  # fmt: skip
    expect(page.locator("#listing-state")).to_have_text("Waiting for the owner")
    page.get_by_role("button", name="Send back for changes").click()
    expect(page.locator("#drop")).to_be_visible()


def _renditions_are_shown(page: Page) -> None:
    page.get_by_role("button", name="Open tower.jpg").click()
    picture = page.locator("#lightbox img")
    widths = []
    for name in ("Large", "Thumbnail"):
        page.get_by_role("button", name=name).click()
        expect(picture).to_have_attribute("alt", f"tower.jpg, {name}")
        page.wait_for_function("document.querySelector('#lightbox img').naturalWidth > 0")
        widths.append(picture.evaluate("image => image.naturalWidth"))
    assert widths == [700, 200]
    page.keyboard.press("Escape")
    expect(page.locator("#lightbox")).to_be_hidden()


def _video_can_be_sought(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Open {name}").click()
    player = page.locator("#lightbox video")
    expect(player).to_have_attribute("poster", re.compile("large"))
    assert player.evaluate(SEEK) == [True, True]
    page.get_by_role("button", name="Close").click()
