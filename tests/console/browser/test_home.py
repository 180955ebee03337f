"""The first page in a browser: its numbers change by themselves, and everybody can read it."""

from playwright.sync_api import expect

from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.people import ADMIN, READ
from tests.serving import Served


def test_the_counters_change_without_a_reload(console_page: ConsolePages, served: Served) -> None:
    page = console_page(served, READ)
    expect(page.locator("#now-conflicts")).to_have_text("0")
    served.unlock("locked")
    expect(page.locator("#now-conflicts")).to_have_text("1")
    expect(page.locator("#attention")).to_contain_text("held without an end")


def test_everybody_can_read_it(console_page: ConsolePages, served: Served) -> None:
    page = console_page(served, ADMIN)
    served.unlock("locked")
    expect(page.locator("#now-conflicts")).to_have_text("1")
    page.reload()
    page.get_by_text("As a table").click()
    expect(page.locator("#attention")).to_contain_text("held without an end")
    require_accessible(page)
