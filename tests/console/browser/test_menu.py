"""The menu on a phone, where it is wider than the screen."""

from tests.browser import HEIGHT
from tests.console.browser.pages import PHONE_WIDTH, ConsolePages
from tests.console.people import ADMIN
from tests.databases import ON_SQLITE
from tests.serving import Served

pytestmark = ON_SQLITE


def test_the_entry_of_the_page_is_on_the_screen(console_page: ConsolePages, served: Served) -> None:
    page = console_page(served, ADMIN)
    page.set_viewport_size({"width": PHONE_WIDTH, "height": HEIGHT})
    for name in ("Audit", "Home"):
        page.get_by_role("navigation", name="Console").get_by_role("link", name=name).click()
        entry = page.locator("nav [aria-current=page]")
        assert entry.inner_text() == name
        box = entry.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= PHONE_WIDTH
        assert page.evaluate("() => window.scrollY") == 0
