"""A real browser that reaches nothing but this machine, and what it says of the pages it opens."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.requirements import missing

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
PATIENCE_MILLISECONDS = 60_000
WIDTH, HEIGHT = 1280, 900


class Opened(NamedTuple):
    """A page, and what went wrong or out of it."""

    page: Page
    complaints: list[str]
    requested: list[str]

    def require_quiet(self) -> None:
        """It has asked this machine alone, and nobody complained."""
        assert not self.complaints, "\n".join(self.complaints)
        here = ("http://127.0.0.1:", "data:")
        elsewhere = [url for url in self.requested if not url.startswith(here)]
        assert not elsewhere, f"It asked {elsewhere}"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing("This needs Chromium; install it with your system's package manager.")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield started
        started.close()


@contextmanager
def browser() -> Iterator[Opened]:
    """An empty page of a Chromium of its own."""
    with chromium() as started:
        page = started.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        yield watched(page)


def watched(page: Page) -> Opened:
    """The same page, with all that its console says and that it asks for."""
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    opened = Opened(page, [], [])
    complaints, requested = opened.complaints, opened.requested
    page.on("console", lambda said: complain(complaints, said))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    return opened


def complain(complaints: list[str], said: ConsoleMessage) -> None:
    """Keep what the browser's console says is wrong."""
    if said.type in ("error", "warning"):
        complaints.append(f"{said.type}: {said.text}")
