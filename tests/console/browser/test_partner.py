"""The partner view in a real browser: from an administrator's link to the end of the view."""

from playwright.sync_api import Page, expect

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
    link = administrator.locator("[data-link] pre")
    expect(link).to_contain_text(f"{served.url}{PARTNER}/")
    address = link.inner_text()
    expect(administrator.locator("[data-link] [data-copy]")).to_have_attribute("data-copy", address)
    require_accessible(administrator)

    partner = console_page.nobody(address)
    require_accessible(partner)
    open_link(partner)
    assert partner.evaluate("document.referrer").rstrip("/") == served.url
    expect(partner.locator("header")).to_contain_text(CHANNEL)
    expect(partner.locator("#rows")).to_contain_text("207 1 done, 1 failed")
    partner.reload()
    served.lock("listed-2")
    partner.wait_for_selector("tr:has-text('lock')")
    require_accessible(partner)

    second = console_page.nobody(served.url)
    second.goto(address)
    expect(second.locator("main")).to_contain_text("already been opened, or has expired")
    require_accessible(second)
    console_page.forgive(second, "404")

    administrator.get_by_role("button", name="End all links and views").click()
    expect(administrator.locator("main")).to_contain_text(f"Ended 1 link and view of {CHANNEL}.")
    partner.reload()
    expect(partner.locator("main")).to_contain_text("The view has ended")
    require_accessible(partner)
    console_page.forgive(partner, "401")


@ON_SQLITE
def test_every_page_of_the_view(served: Served, console_page: ConsolePages) -> None:
    served.unlock("listed-1", "locked", "voided", request_id=ID)
    add_endpoint(served)
    partner = console_page.nobody(served.url + make_link(served))
    open_link(partner)
    partner.click(f"a[href$='{ID}']")
    expect(partner.locator("main")).to_contain_text("SEAT_RECORD_LOCKED")
    require_accessible(partner)
    partner.click("nav >> text=Webhooks")
    expect(partner.locator("main")).to_contain_text("https://8.8.8.8/seats?***")
    require_accessible(partner)
    partner.click("main a")
    expect(partner.locator("main")).to_contain_text("There are none.")
    require_accessible(partner)
    partner.click("nav >> text=Keys")
    expect(partner.locator("main")).to_contain_text("Last used")
    require_accessible(partner)
    partner.goto(f"{served.url}{PARTNER}/nothing/here")
    expect(partner.locator("main")).to_contain_text("Not found")
    require_accessible(partner)
    console_page.forgive(partner, "404")
    partner.click("text=End this view")
    expect(partner.locator("main")).to_contain_text("The view has ended")
