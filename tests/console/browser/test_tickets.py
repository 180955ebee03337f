"""Finding a seat and acting on it in a real browser: by keyboard, live, and without losing text."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from seatlatch.store.tickets import NewTicket
from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.people import BOX_OFFICE, SUPPORT, add_people
from tests.databases import Database
from tests.operator_api.box_office import hold, release, show
from tests.serving import CHANNEL, LOCK, ORGANIZATION, OWNER, Served, fill, serving

SEAT = NewTicket("98973476444", ORGANIZATION, OWNER, "GAME-1", "101", "B", "3")
OTHERS = [
    NewTicket(f"other-{n}", ORGANIZATION, OWNER, "GAME-1", "101", "B", str(n)) for n in (1, 2)
]
TOKEN = SEAT.token
PATH = f"/console/tickets/{TOKEN}"
TABS_MAX = 40


@pytest.fixture
def served(database: Database) -> Iterator[Served]:
    """A server with the console and a listed seat."""
    fill(database, [SEAT, *OTHERS])
    add_people(database)
    with serving(database, console="on") as running:
        listing = {"externalListingId": "L-77", "tokens": [{"token": TOKEN}]}
        body = json.dumps({"source": "MY_ACCOUNT", "listing": listing}).encode()
        assert running.call("PUT", LOCK, body).status_code == 200
        yield running


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{TABS_MAX} tabs do not lead to {selector}")


def test_a_seat_is_found_and_unlocked_by_keyboard_alone(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, SUPPORT)
    page.keyboard.press("/")
    page.keyboard.type("GAME-1 101 B 3")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{PATH}")
    expect(page.locator("#ticket-state")).to_contain_text(f"Listed by {CHANNEL} since")
    expect(page.locator("#ticket-state")).to_contain_text("listing L-77.")
    require_accessible(page)
    tab_to(page, "#unlock-reason")
    page.keyboard.type("asked by phone")
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("Done: unlocked.")
    expect(page.locator("#ticket-state")).to_contain_text("Free since")
    expect(page.locator("#ticket-timeline")).to_contain_text("Reason: asked by phone")
    expect(page.locator("#ticket-answer")).to_contain_text("not listed for sale")
    require_accessible(page)
    assert show(served, TOKEN)["mpreserve"] is False


def test_what_others_do_appears_and_nothing_that_is_typed_is_lost(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, BOX_OFFICE, PATH)
    page.fill("#unlock-reason", "half a sen")
    page.get_by_text("Void", exact=True).click()
    page.fill("#void-confirmed", "101 B")
    expect(page.locator("#refused")).to_contain_text("The whole journal was searched.")
    page.focus("#unlock-reason")
    hold(served, TOKEN, reason="broken seat", overListing=True)
    served.unlock(TOKEN)
    expect(page.locator("#ticket-state")).to_contain_text("until it is released: broken seat.")
    expect(page.locator("#ticket-timeline li").first).to_contain_text("held it")
    expect(page.locator("#refused")).to_contain_text(f"{CHANNEL} tried to unlock it")
    page.keyboard.type("tence")
    expect(page.locator("#unlock-reason")).to_have_value("half a sentence")
    expect(page.locator("#void-confirmed")).to_have_value("101 B")
    release(served, TOKEN)
    expect(page.locator("#ticket-state")).to_contain_text(f"Listed by {CHANNEL}")
    expect(page.locator("#unlock-reason")).to_be_focused()


def test_tab_begins_with_the_link_that_skips_the_menu(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, SUPPORT, PATH)
    expect(page.locator("[aria-current=page]")).to_have_text("Tickets")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("summary", has_text="Unlock")).to_be_focused()


def test_an_error_stays_while_live_parts_succeed(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, BOX_OFFICE, PATH)
    page.get_by_text("Void", exact=True).click()
    page.fill("#void-reason", "fraud")
    page.fill("#void-confirmed", "101 B 4")
    page.get_by_role("button", name="Void the ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("Type 101 B 3 to confirm")
    for _ in range(2):
        with page.expect_response(lambda response: "/live" in response.url):
            pass
    expect(page.get_by_role("alert")).to_contain_text("Type 101 B 3 to confirm")
    page.fill("#unlock-reason", "asked by phone")
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("Done: unlocked.")
    expect(page.get_by_role("alert")).to_be_empty()
    console_page.forgive(page, "422")


def test_a_text_to_copy_is_selected_if_there_is_no_clipboard(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, SUPPORT, PATH)
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Copy answer").click()
    expect(page.get_by_role("button", name="Press Ctrl+C to copy")).to_be_visible()
    selected = page.evaluate("() => String(getSelection())")
    assert selected.startswith("Your ticket for section 101, row B, seat 3 is listed")


def test_a_void_asks_to_type_the_seat(console_page: ConsolePages, served: Served) -> None:
    page = console_page(served, BOX_OFFICE, PATH)
    page.get_by_text("Void", exact=True).click()
    page.fill("#void-reason", "fraud")
    page.fill("#void-confirmed", "101 B 4")
    page.get_by_role("button", name="Void the ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("Type 101 B 3 to confirm")
    require_accessible(page)
    assert show(served, TOKEN)["voided"] is False
    page.fill("#void-confirmed", "101 b 3")
    page.get_by_role("button", name="Void the ticket").click()
    expect(page.locator("#outcome")).to_contain_text("Done: made void.")
    expect(page.locator("#ticket-state")).to_contain_text("by box_office-all: fraud.")
    expect(page.get_by_role("alert")).to_be_empty()
    require_accessible(page)
    console_page.forgive(page, "422")


def test_a_hold_ends_at_a_time_of_the_viewers_zone(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, BOX_OFFICE, "/console/tickets/other-1")
    local = (datetime.now() + timedelta(days=2)).isoformat()[:16]
    end = page.evaluate("local => new Date(local).toISOString().slice(0, 16)", local)
    page.fill("#hold-reason", "moving")
    page.fill("#hold-until-local", local)
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.locator("#outcome")).to_contain_text("Done: held.")
    assert show(served, "other-1")["hold"]["expiresAt"].startswith(end)


def test_texts_and_commands_are_copied(console_page: ConsolePages, served: Served) -> None:
    page = console_page(served, SUPPORT, PATH)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy answer").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    answer = page.evaluate("() => navigator.clipboard.readText()")
    assert answer.startswith("Your ticket for section 101, row B, seat 3 is listed")
    page.get_by_text("As curl and as a command").first.click()
    page.get_by_role("button", name="Copy as curl").first.click()
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()
    curl = page.evaluate("() => navigator.clipboard.readText()")
    assert f'"{served.url}"/operator/v1/tickets/unlock' in curl
    assert "$OPERATOR_KEY" in curl
    assert SUPPORT not in curl


def test_a_search_with_many_matches_leads_to_pages(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, SUPPORT)
    page.keyboard.press("/")
    page.keyboard.type("101 B")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/tickets?section=101&row=B")
    expect(page.get_by_role("row")).to_have_count(4)
    require_accessible(page)
    page.get_by_label("State").select_option("listed")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("row")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export all as CSV").click()
    assert TOKEN in download.value.path().read_text("utf-8-sig")
    page.get_by_role("link", name=TOKEN).click()
    page.wait_for_url(f"**{PATH}")
    page.goto(f"{served.url}/console/search?q=nothing")
    require_accessible(page)
