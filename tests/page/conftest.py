"""The page on a running local cloud, and a headless browser to look at it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from local.cloud import LocalCloud
from local.service import CALLBACK_PATH, Service, bound_socket, serving, url_of
from tests.page.listings import TITLES

CHROMIUM = "chromium"
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> str:
    executable = shutil.which(CHROMIUM)
    if executable is None:
        pytest.skip(f"needs the browser: apt-get install {CHROMIUM}")
    return executable


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Not longer than a module: Playwright runs an event loop in this thread, as others want to."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def service(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One cloud for all; nothing is deployed where there is no browser."""
    folder = tmp_path_factory.mktemp("page")
    with (
        bound_socket(0) as listener,
        LocalCloud(
            config={"toq-media:callbackUrl": url_of(listener) + CALLBACK_PATH},
            scratch_parent=folder,
            wait_scale=0.01,
        ) as cloud,
        serving(cloud, listener, folder) as running,
    ):
        running.add_listings(TITLES)
        yield running


@pytest.fixture
def desktop(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context


@pytest.fixture
def page(desktop: BrowserContext) -> Iterator[Page]:
    """A page on which every error of a script fails the test."""
    page = desktop.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    from tests.page.listings import make_photos

    return make_photos(tmp_path_factory.mktemp("photos"))
