"""The seat map in a real browser: what it draws, says and follows, and changes of its seats."""

import re
from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import Page, expect

from seatlatch.domain.operator import Role
from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.people import BOX_OFFICE, READ, SUPPORT, key_of
from tests.console.seats import EVENT, LISTED_TOKEN, add_seats
from tests.serving import CHANNEL, Served

PICTURE = "() => document.getElementById('canvas').toDataURL()"
IS_DRAWN = "() => performance.getEntriesByName('seat-map:first-draw').length"
LOOKS_WITHOUT_COLOURS = """async () => {
    const { HUES, PIXELS, Pixels, Sprites } = await import("/console/static/seat-map-paint.js");
    const { FREE, HELD, LISTED, VOID } = await import("/console/static/seat-map-data.js");
    const look = { fill: "#404040", text: "#ffffff" };
    const listed = Array.from({ length: HUES }, () => look);
    const colours = { listed, free: look, held: look, void: look, page: "#ffffff" };
    const seats = [FREE, HELD, VOID].map((state) => [state, 0]);
    for (let channel = 1; channel <= HUES; channel += 1) seats.push([LISTED, channel]);
    const sprites = new Sprites(colours);
    const pixels = new Pixels(colours);
    const single = (size) => seats.map((seat) => sprites.get(size, ...seat, false).toDataURL());
    const painted = seats.map((seat) => {
        const image = { pixels: new Uint32Array(PIXELS * PIXELS), width: PIXELS };
        pixels.paint(image, 0, 0, ...seat, false);
        return image.pixels.join();
    });
    return [single(6), single(13), single(20), single(30), painted];
}"""
"""The looks of seats of each state, and of each of eight channels, if all colours were the same."""


@pytest.fixture
def seats(served: Served) -> Served:
    add_seats(served)
    return served


def opened(console_page: ConsolePages, served: Served, key: str, query: str = "") -> Page:
    """The map of the event, when it was drawn."""
    page = console_page(served, key, EVENT + query)
    until(page, lambda: page.evaluate(IS_DRAWN))
    return page


def until(page: Page, condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline
        page.wait_for_timeout(20)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_map_is_accessible_and_counts_its_seats(
    console_page: ConsolePages, seats: Served
) -> None:
    page = opened(console_page, seats, BOX_OFFICE)
    for text in ("free 21", "listed 2", "held 2", "void 1", CHANNEL):
        expect(page.locator("#legend")).to_contain_text(text)
    require_accessible(page)


def test_states_and_channels_differ_without_their_colours(
    console_page: ConsolePages, seats: Served
) -> None:
    page = opened(console_page, seats, READ)
    for looks in page.evaluate(LOOKS_WITHOUT_COLOURS):
        assert len(set(looks)) == len(looks)


def test_a_person_without_a_role_for_changes_has_no_buttons_for_them(
    console_page: ConsolePages, seats: Served
) -> None:
    page = opened(console_page, seats, READ)
    expect(page.locator("button[name=action]")).to_have_count(0)
    support = opened(console_page, seats, SUPPORT)
    expect(support.locator("button[name=action]")).to_have_count(1)


def test_the_keyboard_moves_selects_and_opens(console_page: ConsolePages, seats: Served) -> None:
    page = opened(console_page, seats, READ)
    spoken = page.locator("#focused-seat")
    page.focus("#canvas")
    expect(spoken).to_have_text("Section 9, row AA, seat 1: free")
    press(page, "PageDown")
    expect(spoken).to_have_text(f"Section 101, row A, seat 1: listed by {CHANNEL}")
    press(page, "ArrowRight", "ArrowRight", "ArrowRight")
    expect(spoken).to_have_text(f"Section 101, row A, seat 10: held over a listing by {CHANNEL}")
    press(page, "ArrowDown", "End")
    expect(spoken).to_have_text("Section 101, row B, seat 2: void")
    press(page, " ")
    expect(spoken).to_have_text("Section 101, row B, seat 2: void, selected")
    press(page, "Shift+ArrowLeft")
    expect(page.locator("#selected-count")).to_have_text("2 seats")
    press(page, "Escape", "+", "-", "0", "PageUp", "Home")
    expect(page.locator("#selected-count")).to_have_text("No seat")
    expect(spoken).to_have_text("Section 9, row AA, seat 1: free")
    page.route("**/console/tickets/**", lambda route: route.fulfill(body="The ticket's page"))
    press(page, "PageDown", "Enter")
    page.wait_for_url(re.compile(r"/console/tickets/%3Cscript%3Ealert\(1\)%3C%2Fscript%3E$"))


def test_a_change_appears_without_a_reload(console_page: ConsolePages, seats: Served) -> None:
    page = opened(console_page, seats, READ)
    page.focus("#canvas")
    press(page, "PageDown", "ArrowRight", "ArrowRight")
    spoken = page.locator("#focused-seat")
    expect(spoken).to_have_text("Section 101, row A, seat 3: free")
    picture = page.evaluate(PICTURE)
    assert seats.lock("map-free").status_code == 200
    until(page, lambda: f"listed by {CHANNEL} since" in spoken.inner_text())
    assert page.evaluate(PICTURE) != picture
    expect(page.locator("#legend")).to_contain_text("listed 3")


def test_a_hold_ends_by_itself_on_the_screen(console_page: ConsolePages, seats: Served) -> None:
    page = opened(console_page, seats, READ)
    page.focus("#canvas")
    spoken = page.locator("#focused-seat")
    body = {"tokens": ["map-1"], "status": "LOCK", "reason": "r", "expiresInSeconds": 3}
    held = seats.client.put(
        "/operator/v1/tickets/status",
        json=body,
        headers={"Authorization": f"Bearer {BOX_OFFICE}"},
    )
    assert held.status_code == 200
    until(page, lambda: "seat 1: held since" in spoken.inner_text())
    until(page, lambda: "seat 1: free since" in spoken.inner_text())


def test_filters_choose_what_is_selected_and_are_in_the_address(
    console_page: ConsolePages, seats: Served
) -> None:
    page = opened(console_page, seats, SUPPORT)
    picture = page.evaluate(PICTURE)
    page.check("input[name=state][value=listed]")
    page.select_option("#channel", CHANNEL)
    until(page, lambda: page.evaluate(PICTURE) != picture)
    page.click("[data-select=matching]")
    expect(page.locator("#selected-count")).to_have_text("1 seat")
    assert page.url.endswith(f"{EVENT}?state=listed&channel={CHANNEL}")
    page.reload()
    until(page, lambda: page.evaluate(IS_DRAWN))
    page.click("[data-select=matching]")
    expect(page.locator("#selected-count")).to_have_text("1 seat")
    page.click("#table-link")
    expect(page.locator("table.seats tbody tr")).to_have_count(1)


def test_seats_that_were_dragged_over_are_unlocked_after_a_preview(
    console_page: ConsolePages, seats: Served
) -> None:
    page = opened(console_page, seats, SUPPORT)
    box = page.locator("#canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2, steps=4)
    page.mouse.up()
    expect(page.locator("#selected-count")).to_have_text("26 seats")
    page.click("button[value=unlock]")
    dialog = page.locator("dialog")
    expect(dialog.locator("h1")).to_be_visible()
    expect(dialog).to_contain_text("2 seats will be unlocked")
    require_accessible(page)
    dialog.locator("#reason").fill("Sold twice")
    dialog.locator("form button").click()
    expect(dialog).to_contain_text("2 unlocked")
    require_accessible(page)
    dialog.locator("[data-close]").click()
    until(page, lambda: "listed 0" in page.inner_text("#legend"))
    assert seats.database.mpreserve_of()[LISTED_TOKEN] is False


def test_a_refusal_is_shown_in_the_dialog(console_page: ConsolePages, seats: Served) -> None:
    page = opened(console_page, seats, BOX_OFFICE)
    page.click("[data-select=matching]")
    with seats.database.provisioning() as provisioning:
        provisioning.remove_operator(BOX_OFFICE)
        provisioning.remove_operator(key_of(Role.READ))
    page.click("button[value=hold]")
    page.wait_for_url(re.compile("/console/sign-in"))
    console_page.forgive(page, "401")


def test_the_list_of_events_and_the_table_are_accessible(
    console_page: ConsolePages, seats: Served
) -> None:
    page = console_page(seats, BOX_OFFICE, "/console/events")
    expect(page.locator("td", has_text="counting")).to_have_count(0)
    require_accessible(page)
    page.goto(seats.url + EVENT + "/table")
    expect(page.locator("table.seats tbody tr")).to_have_count(26)
    require_accessible(page)
    page.check("input[name=tokens][value=map-free]")
    page.check("input[name=tokens][value=map-void]")
    page.click("button[value=hold]")
    expect(page.locator("h1")).to_contain_text("Hold seats of")
    require_accessible(page)
    page.fill("#reason", "Moving")
    page.click("form button.main")
    expect(page.locator("main")).to_contain_text("1 held")
    require_accessible(page)
