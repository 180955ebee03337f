"""Pages of the console in a real browser, as a person sees them, and what is wrong with them.

See decision 185.
"""

from asyncio import AbstractEventLoop
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from playwright.sync_api import Browser, Page

from tests.browser import HEIGHT, WIDTH, Opened, watched
from tests.console.console_client import SIGN_IN
from tests.requirements import missing
from tests.running_loops import running_loop
from tests.serving import Served

AXE = Path(__file__).parents[1] / "axe" / "node_modules" / "axe-core" / "axe.min.js"
PHONE_WIDTH = 390
LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((WIDTH, "light"), (PHONE_WIDTH, "dark"))
"""Both colour schemes and both widths. No rule needs a scheme and a width together."""

RUN_AXE = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
WIDTHS = "() => [document.documentElement.scrollWidth, window.innerWidth]"
TOO_WIDE = """() => [...document.body.querySelectorAll('*')]
    .filter(one => one.getBoundingClientRect().right > window.innerWidth + 1)
    .slice(0, 5).map(one => one.outerHTML.slice(0, 100))"""


class Chromium(NamedTuple):
    """The browser of this process, and the event loop in which Playwright drives it."""

    browser: Browser
    loop: AbstractEventLoop


class ConsolePages:
    """Opens pages for the people of a test. Call it: `console_page(served, key)`."""

    def __init__(self, browser: Browser, stack: ExitStack) -> None:
        self._browser = browser
        self._stack = stack
        self._opened: list[Opened] = []

    def __call__(self, served: Served, key: str, path: str = "/console") -> Page:
        """The page at `path`, of a person who has signed in, in a context of its own."""
        page = self.nobody(served.url + SIGN_IN)
        page.fill("input[name=key]", key)
        page.click("form:has(input[name=key]) button")
        page.wait_for_url(lambda url: SIGN_IN not in url)
        if path != "/console":
            page.goto(served.url + path)
        return page

    def nobody(self, url: str) -> Page:
        """A page of somebody who has not signed in."""
        context = self._stack.enter_context(
            self._browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce"
            )
        )
        opened = watched(context.new_page())
        self._opened.append(opened)
        opened.page.goto(url)
        return opened.page

    def forgive(self, page: Page, text: str) -> None:
        """Take the complaints with this text for expected: at least one, such as "403"."""
        complaints = next(one.complaints for one in self._opened if one.page is page)
        others = [one for one in complaints if text not in one]
        assert len(others) < len(complaints), f"{text!r} is not in {complaints}"
        complaints[:] = others

    def require_quiet(self) -> None:
        """No page complained in its console, or asked another host."""
        for opened in self._opened:
            opened.require_quiet()


@contextmanager
def console_pages(chromium: Chromium) -> Iterator[ConsolePages]:
    """Pages that are closed at the end, and have been quiet until then."""
    with running_loop(chromium.loop), ExitStack() as stack:
        pages = ConsolePages(chromium.browser, stack)
        yield pages
        pages.require_quiet()


def require_accessible(page: Page) -> None:
    """Require that axe-core has no findings, and that the page is not wider than the screen.

    In light on a wide screen, and in dark on a phone. Reports all offenders. Leaves the page as
    it was, on a wide screen.
    """
    offenders: list[str] = []
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme)
        look = f"{page.url} at {width} px, {scheme}"
        offenders += [f"{look}: {one}" for one in findings(page)]
        content, window = page.evaluate(WIDTHS)
        if content > window:
            found = page.evaluate(TOO_WIDE)
            offenders.append(f"{look}: scrolls to {content} px, for {found}")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.emulate_media(color_scheme="light")
    assert not offenders, "\n".join(offenders)


def findings(page: Page) -> list[str]:
    """The violations that axe-core finds in a page as it is now, one for each element."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe())
    violations: list[dict[str, Any]] = page.evaluate(RUN_AXE)
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
        for rule in violations
        for node in rule["nodes"]
    ]


def axe() -> str:
    """The script of axe-core."""
    if not AXE.exists():
        missing("Run make tools (it needs npm) for axe-core, which checks the console's pages.")
    return AXE.read_text("utf-8")
