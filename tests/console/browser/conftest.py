"""One browser for all tests of a process, in which each test has fresh contexts."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.browser import chromium as started
from tests.console.browser.pages import Chromium, ConsolePages, console_pages
from tests.running_loops import running_loop


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The browser. Between tests that use it, other tests can run event loops."""
    with started() as browser:
        loop = asyncio.get_running_loop()
        with running_loop(None):
            yield Chromium(browser, loop)


@pytest.fixture
def console_page(chromium: Chromium) -> Iterator[ConsolePages]:
    """Opens signed-in pages: `console_page(served, key)`. Fails if one of them has complained."""
    with console_pages(chromium) as pages:
        yield pages
