"""The pages of requests in a real browser: the live list, its filters, and the inspector."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, expect

from seatlatch.domain.operator import Role
from seatlatch.sandbox import data
from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.people import READ, key_of
from tests.databases import ON_SQLITE, Databases
from tests.operator_api.box_office import hold
from tests.sandbox.sandboxes import Sandbox, sandbox_on
from tests.serving import Served

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"
REQUESTS = "/console/requests"
HOSTILE = "<img src=x onerror=alert(1)>"
POLL_MILLISECONDS = 2_000


@pytest.fixture(scope="module")
def sandbox(databases: Databases) -> Iterator[Sandbox]:
    """A sandbox for the tests that change nothing but its requests."""
    with sandbox_on(databases.new("sandbox"), rate_limit="off") as running:
        yield running


def row(page: Page, text: str) -> str:
    """The first row of the list with this text, waited for."""
    return page.locator(f"table.requests tr:has-text('{text}')").first.inner_text()


@pytest.mark.parametrize("key", [READ, key_of(Role.ADMIN, "inside")])
def test_a_request_appears_without_a_reload(
    served: Served, console_page: ConsolePages, key: str
) -> None:
    page = console_page(served, key, REQUESTS)
    expect(page.locator("#rows")).to_contain_text("No request matches.")
    served.unlock("listed-1", "unknown", request_id=ID)
    assert ("207" if key == READ else "200") in row(page, ID)
    expect(page.locator("time").first).to_have_attribute("title", re.compile(" UTC$"))
    assert "UTC" not in row(page, ID), "times are in the viewer's zone"


@ON_SQLITE
def test_the_list_is_quiet_while_nothing_happens_or_somebody_has_paused_it(
    served: Served, console_page: ConsolePages
) -> None:
    served.unlock("listed-1")
    page = console_page(served, READ)
    page.clock.install()
    page.goto(served.url + REQUESTS)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))

    with page.expect_response("**/live*") as polled:
        page.clock.run_for(POLL_MILLISECONDS)
    assert polled.value.status == 204
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-live-state]")).to_have_text("The list is paused.")
    served.unlock("listed-2", request_id=ID)
    asked.clear()
    page.clock.run_for(10 * POLL_MILLISECONDS)
    assert asked == []
    page.get_by_role("button", name="Pause").click()
    with page.expect_response("**/live*") as resumed:
        page.clock.run_for(POLL_MILLISECONDS)
    assert resumed.value.status == 200
    assert "200 1 done" in row(page, ID)


@ON_SQLITE
def test_a_further_page_does_not_change(served: Served, console_page: ConsolePages) -> None:
    for number in range(60):
        served.unlock(f"unknown-{number}")
    page = console_page(served, READ)
    page.clock.install()
    page.goto(served.url + REQUESTS)
    page.click("text=Older requests")
    rows_shown = page.locator("table.requests tbody tr")
    expect(rows_shown).to_have_count(10)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.clock.run_for(10 * POLL_MILLISECONDS)
    assert [one.url for one in asked if "/static/" not in one.url] == []
    require_accessible(page)
    page.click("text=Newest requests")
    expect(rows_shown).to_have_count(50)


@ON_SQLITE
def test_who_uses_the_keyboard_keeps_the_place(served: Served, console_page: ConsolePages) -> None:
    served.unlock("listed-1", request_id=ID)
    page = console_page(served, READ, REQUESTS)
    page.locator(f"a[href$='{ID}']").focus()
    served.unlock("listed-2")
    page.wait_for_selector("table.requests tbody tr:nth-child(2)")
    assert page.evaluate("document.activeElement.href").endswith(ID)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{REQUESTS}/{ID}")


@ON_SQLITE
def test_filters_take_times_of_the_viewer_s_zone(
    served: Served, console_page: ConsolePages
) -> None:
    served.unlock("listed-1")
    hold(served, "not-listed")
    page = console_page(served, READ, REQUESTS)
    expect(page.locator("[data-zone]").first).to_be_hidden()
    page.select_option("#type", "hold")
    page.fill("#since", "2026-01-31T12:00:00")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**type=hold*")
    shift = page.evaluate("new Date('2026-01-31T12:00:00').toISOString()")
    assert f"since={shift.replace(':', '%3A')}" in page.url
    assert "status=" not in page.url
    expect(page.locator("#since")).to_have_value(re.compile("^2026-01-31T12:00(:00)?$"))
    expect(page.locator("table.requests tbody tr")).to_have_count(1)
    require_accessible(page)


@ON_SQLITE
def test_an_attempt_can_be_read_and_copied(served: Served, console_page: ConsolePages) -> None:
    served.unlock("listed-1", "locked", "voided", HOSTILE, request_id=ID)
    page = console_page(served, READ, f"{REQUESTS}/{ID}")
    expect(page.locator("main")).to_contain_text(HOSTILE)
    assert page.locator("main img").count() == 0
    page.click("summary:has-text('As curl')")
    command = page.inner_text(".copyable pre")
    assert command.startswith(f'curl -X PUT "{served.url}"/v1/tickets/unlock')
    expect(page.locator("[data-copy]")).to_have_attribute("data-copy", command)
    expect(page.locator("[data-address-note]")).to_be_hidden()
    require_accessible(page)


@ON_SQLITE
def test_the_inspector_shows_what_was_received_and_sent(
    sandbox: Sandbox, console_page: ConsolePages
) -> None:
    page = console_page(sandbox, data.OPERATOR_KEY, REQUESTS)
    sandbox.unlock("98973476444", HOSTILE, authorization="Bearer wrong-token", request_id=ID)
    assert "401 refused" in row(page, ID)
    assert "not in the journal" in row(page, ID)
    require_accessible(page)
    page.click(f"a[href$='{ID}']")
    expect(page.locator("pre.message")).to_have_count(2)
    received, sent = page.locator("pre.message").all_inner_texts()
    assert received.startswith("PUT /v1/tickets/unlock\n")
    assert "authorization: Bearer *** (11 characters)" in received
    assert HOSTILE in received
    assert sent.startswith("401\n")
    assert 'www-authenticate: Bearer error="invalid_token"' in sent
    assert page.locator("main img").count() == 0
    assert "wrong-token" not in page.content()
    require_accessible(page)
