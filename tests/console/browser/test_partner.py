"""The partner view in a real browser: from an administrator's link to the end of the view."""

from playwright.sync_api import Page

from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.partner_pages import LINKS, PARTNER, make_link
from tests.console.people import ADMIN
from tests.console.webhook_pages import add_endpoint
from tests.databases import ON_SQLITE
from tests.serving import CHANNEL, Served

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"


def open_link(page: Page) -> None:
    """Press the button on the page of a link."""
    page.get_by_role("button", name="Open").click()
    page.wait_for_url(f"**{PARTNER}")


def test_a_link_leads_from_an_administrator_to_a_partner(
    served: Served, console_page: ConsolePages
) -> None:
    served.unlock("listed-1", "unknown", request_id=ID)
    administrator = console_page(served, ADMIN, LINKS)
    administrator.select_option("#channelCode", CHANNEL)
    administrator.get_by_role("button", name="Make a link").click()
    address = administrator.locator("[data-link] pre").inner_text()
    assert address.startswith(f"{served.url}{PARTNER}/")
    assert administrator.locator("[data-link] [data-copy]").get_attribute("data-copy") == address
    require_accessible(administrator)

    partner = console_page.nobody(address)
    require_accessible(partner)
    open_link(partner)
    assert partner.evaluate("document.referrer").rstrip("/") == served.url
    assert CHANNEL in partner.inner_text("header")
    assert "207 1 done, 1 failed" in partner.inner_text("#rows")
    partner.reload()
    served.lock("listed-2")
    partner.wait_for_selector("tr:has-text('lock')")
    require_accessible(partner)

    second = console_page.nobody(served.url)
    second.goto(address)
    assert "already been opened, or has expired" in second.inner_text("main")
    require_accessible(second)
    console_page.forgive(second, "404")

    administrator.get_by_role("button", name="End all links and views").click()
    assert f"Ended 1 link and view of {CHANNEL}." in administrator.inner_text("main")
    partner.reload()
    assert "The view has ended" in partner.inner_text("main")
    require_accessible(partner)
    console_page.forgive(partner, "401")


@ON_SQLITE
def test_every_page_of_the_view(served: Served, console_page: ConsolePages) -> None:
    served.unlock("listed-1", "locked", "voided", request_id=ID)
    add_endpoint(served)
    partner = console_page.nobody(served.url + make_link(served))
    open_link(partner)
    partner.click(f"a[href$='{ID}']")
    assert "SEAT_RECORD_LOCKED" in partner.inner_text("main")
    require_accessible(partner)
    partner.click("nav >> text=Webhooks")
    assert "https://8.8.8.8/seats?***" in partner.inner_text("main")
    require_accessible(partner)
    partner.click("main a")
    assert "There are none." in partner.inner_text("main")
    require_accessible(partner)
    partner.click("nav >> text=Keys")
    assert "Last used" in partner.inner_text("main")
    require_accessible(partner)
    partner.goto(f"{served.url}{PARTNER}/nothing/here")
    assert "Not found" in partner.inner_text("main")
    require_accessible(partner)
    console_page.forgive(partner, "404")
    partner.click("text=End this view")
    assert "The view has ended" in partner.inner_text("main")
