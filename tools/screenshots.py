"""Takes the README's pictures: `python -m tools.screenshots`, with Chromium and a built site."""

import tempfile
from pathlib import Path

from tests.browser import browser
from tests.docs.running import sandbox

IMAGES = Path(__file__).parent.parent / "docs" / "images"


def take() -> None:
    """The reference with the unlock call tried, and the site with a search."""
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as about:
        with browser() as (page, *_):
            page.goto(about["url"] + "/reference#/Tickets/unlockTickets")
            page.click(".opblock.is-open .execute")
            answered = page.locator(".live-responses-table .response")
            answered.evaluate("answer => answer.scrollIntoView({block: 'end'})")
            page.screenshot(path=IMAGES / "reference.png")
        with browser() as (page, *_):
            page.goto(about["url"] + "/docs/search.html?q=retry")
            page.wait_for_selector("ul.search li p")
            page.screenshot(path=IMAGES / "site.png")


if __name__ == "__main__":
    take()
