"""The page for people without a mouse, on a phone, with a screen reader, in either theme."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from local.service import Service
from tests.page.listings import (
    KEYBOARD,
    PHONE,
    PIPELINE_MILLISECONDS,
    PLAIN,
    REFUSED,
    UPLOAD_MILLISECONDS,
    card,
    open_listing,
)

pytestmark = pytest.mark.local

NAMELESS = """() => [...document.querySelectorAll("button, a, input, select, progress, img, video")]
    .filter((one) => one.checkVisibility() && one.type !== "hidden")
    .filter((one) => !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby")
        && !one.labels?.length && !one.textContent.trim() && one.getAttribute("alt") === null)
    .map((one) => one.outerHTML)"""

FAINT = """() => {
    const channels = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
    const light = (colour) => {
        const [r, g, b] = colour.slice(0, 3)
            .map((one) => one / 255)
            .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let one = element; one; one = one.parentElement) {
            const colour = channels(getComputedStyle(one).backgroundColor);
            if (colour[3] !== 0) return colour;
        }
        return [255, 255, 255];
    };
    const contrast = (element) => {
        const pair = [channels(getComputedStyle(element).color), ground(element)].map(light);
        return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    };
    return [...document.querySelectorAll("body *")]
        .filter((one) => one.checkVisibility() && !one.closest(".sr-only, .skip, [disabled]"))
        .filter((one) => [...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
        .filter((one) => contrast(one) < 4.5)
        .map((one) => `${contrast(one).toFixed(2)} ${one.outerHTML.slice(0, 120)}`);
}"""

WIDE = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""

SMALL_TARGETS = """() => [...document.querySelectorAll("button, a, select")]
    .filter((one) => one.checkVisibility() && !one.classList.contains("skip"))
    .filter((one) => one.getBoundingClientRect().height < 44)
    .map((one) => one.outerHTML)"""


def test_everything_can_be_done_with_the_keyboard(
    page: Page, service: Service, photos: list[Path]
) -> None:
    open_listing(page, service, KEYBOARD)
    page.locator("body").press("Tab")
    expect(page.get_by_role("link", name="Skip to the listing")).to_be_focused()

    _tab_to(page, "files")
    expect(page.get_by_label("Drop photos and videos here")).to_be_focused()
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Space")
    chosen.value.set_files(photos)
    expect(page.locator("#next-action")).to_be_enabled(timeout=UPLOAD_MILLISECONDS)
    expect(page.locator("#next-action")).to_have_text("Process 2 files")
    _tab_to(page, "next-action")
    page.keyboard.press("Enter")
    expect(page.locator("#next-action")).to_have_text("Make the ZIP", timeout=PIPELINE_MILLISECONDS)

    page.get_by_role("button", name="Open front.jpg").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lightbox-title")).to_have_text("front.jpg")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#lightbox-title")).to_have_text("tower.jpg")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Open front.jpg")).to_be_focused()

    page.get_by_role("button", name="Remove front.jpg").focus()
    page.keyboard.press("Enter")
    expect(card(page, "front.jpg")).to_have_count(0)
    expect(page.get_by_role("button", name="Open tower.jpg")).to_be_focused()


def test_a_phone_shows_everything_without_scrolling_sideways(
    browser: Browser, service: Service, photos: list[Path]
) -> None:
    with browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    ) as context:
        page = context.new_page()
        for listing in (PLAIN, PHONE):
            open_listing(page, service, listing)
            assert page.evaluate(WIDE) == 0
        page.locator("#files").set_input_files(photos)
        expect(page.locator("#next-action")).to_have_text(
            "Process 2 files", timeout=UPLOAD_MILLISECONDS
        )
        assert page.evaluate(WIDE) == 0
        assert page.evaluate(SMALL_TARGETS) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_contrast_and_controls_have_names(
    browser: Browser, service: Service, photos: list[Path], theme: str
) -> None:
    with browser.new_context(color_scheme="light" if theme == "light" else "dark") as context:
        page = context.new_page()
        page.goto(service.url)
        expect(page.get_by_label("Access token")).to_be_focused()
        assert page.evaluate(FAINT) == []
        open_listing(page, service, PLAIN)
        unfit = photos[0].with_name(f"{theme}.txt")
        unfit.write_text("not a picture")
        page.locator("#files").set_input_files([*photos, unfit])
        expect(page.locator("#next-action")).to_contain_text("Process", timeout=UPLOAD_MILLISECONDS)
        assert page.evaluate(FAINT) == []
        assert page.evaluate(NAMELESS) == []


def test_what_is_refused_is_said(page: Page, service: Service, tmp_path: Path) -> None:
    page.goto(service.url)
    page.get_by_label("Access token").fill("a wrong token")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="token is not valid")).to_be_visible()

    open_listing(page, service, REFUSED)
    empty, text = tmp_path / "empty.jpg", tmp_path / "notes.txt"
    empty.touch()
    text.write_text("notes")
    page.locator("#files").set_input_files([empty, text])
    alert = page.locator("#alerts")
    expect(alert).to_contain_text("empty.jpg: the file is empty.")
    expect(alert).to_contain_text("notes.txt: only JPEG, PNG, HEIC, MP4, MOV and PDF")


def test_a_broken_connection_is_said_and_comes_back(page: Page, service: Service) -> None:
    open_listing(page, service, REFUSED)
    page.route("**/events", lambda route: route.abort())
    page.evaluate("document.getElementById('listing').dispatchEvent(new Event('change'))")
    expect(page.locator("#connection")).to_have_text("Connecting again")
    page.unroute("**/events")
    expect(page.locator("#connection")).to_have_text("Live", timeout=15_000)


def test_foreign_code_does_not_run(page: Page, service: Service) -> None:
    answer = page.goto(service.url)
    assert answer is not None
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    ran = page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            return window.ran === true;
        }"""
    )
    assert not ran


def _tab_to(page: Page, identifier: str) -> None:
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == identifier:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach #{identifier}")
