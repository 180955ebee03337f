"""A real browser that reaches nothing but this machine opens the reference and tries it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import browser
from tests.docs.running import sandbox
from tests.openapi.prefix_proxy import proxy_below
from tests.serving import make_inventory, serving
from tests.sqlite_database import SqliteDatabase

STATUS = ".live-responses-table .response .response-col_status"
DETAILS = ".live-responses-table .response .response-col_description"


@pytest.fixture
def page() -> Iterator[Page]:
    """A page without errors and without requests to other hosts."""
    with browser() as opened:
        yield opened.page
        opened.require_quiet()


def test_the_unlock_example_is_tried_and_answered(page: Page, tmp_path: Path) -> None:
    with sandbox(tmp_path) as about:
        page.goto(about["url"] + "/reference#/Tickets/unlockTickets")
        page.click(".opblock.is-open .execute")
        expect(page.locator(STATUS)).to_have_text("200")
        expect(page.locator(DETAILS)).to_contain_text('"98973476444"')

        page.click("text=Box office")
        page.click("#operations-Tickets-showTicket .opblock-summary-control")
        page.fill("#operations-Tickets-showTicket tr[data-param-name=token] input", "201010101")
        page.click(".opblock.is-open .execute")
        expect(page.locator(STATUS)).to_have_text("200")


def test_the_reference_works_below_a_path(page: Page, tmp_path: Path) -> None:
    with sandbox(tmp_path) as about, proxy_below("/tickets/api", about["url"]) as url:
        page.goto(url + "/reference#/Tickets/unlockTickets")
        page.click(".opblock.is-open .execute")
        expect(page.locator(STATUS)).to_have_text("200")
        expect(page.locator(".request-url")).to_contain_text(url + "/v1/tickets/unlock")

        page.click("text=Box office")
        expect(page).to_have_url(url + "/reference/operator")
        page.click("#operations-Tickets-showTicket .opblock-summary-control")
        page.fill("#operations-Tickets-showTicket tr[data-param-name=token] input", "201010101")
        page.click(".opblock.is-open .execute")
        expect(page.locator(STATUS)).to_have_text("200")
        page.click("text=Guides and concepts")
        page.click("text=API reference, to try out")
        expect(page).to_have_url(url + "/reference")


@pytest.fixture
def inventory_file(tmp_path: Path) -> SqliteDatabase:
    """An inventory. Made before the page, because Playwright occupies the thread's event loop."""
    return make_inventory(tmp_path / "inventory.db")


def test_a_server_that_is_no_sandbox_fills_in_no_credentials(
    inventory_file: SqliteDatabase, page: Page
) -> None:
    with serving(inventory_file) as served:
        page.goto(served.url + "/reference#/Tickets/unlockTickets")
        page.wait_for_selector(".opblock.is-open .execute")
        filled = {
            name: page.input_value(f".opblock.is-open tr[data-param-name={name}] input")
            for name in ("User-Agent", "PAC-Application-ID", "PAC-API-Key", "PAC-Channel-Code")
        }
        assert filled.pop("User-Agent") == "MyApplication/1.0"
        assert set(filled.values()) == {""}
        page.click("#operations-Tokens-exchangeToken .opblock-summary-control")
        assert "sandbox" not in page.input_value("#operations-Tokens-exchangeToken textarea")
        expect(page.locator(".btn.authorize.unlocked").first).to_be_visible()
