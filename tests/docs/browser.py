"""A real browser that reaches nothing but this machine, and what it says of the pages it opens."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]


class Opened(NamedTuple):
    """A page, and what went wrong or out of it."""

    page: Page
    complaints: list[str]
    requested: list[str]


@contextmanager
def browser() -> Iterator[Opened]:
    """An empty page of the system's Chromium. Without one the test is skipped, but fails in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        sentence = "This needs Chromium; install it with your system's package manager."
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        opened = Opened(page, [], [])
        page.on("console", lambda said: complain(opened, said))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.on("request", lambda request: opened.requested.append(request.url))
        yield opened
        chromium.close()


def complain(opened: Opened, said: ConsoleMessage) -> None:
    """Keep what the browser's console says is wrong."""
    if said.type in ("error", "warning"):
        opened.complaints.append(said.text)
