"""The page of the journal in a browser: verification with progress, and an export as a file."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.journal_pages import EDIT, PAGE, TOKEN, add_entries
from tests.console.people import READ, SUPPORT
from tests.serving import Served

WATCH = """() => new MutationObserver(() => window.note(document.querySelector('#verify .said')
    .textContent)).observe(document.querySelector('#verify'), {childList: true, subtree: true})"""


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions of two entries."""
    monkeypatch.setattr("seatlatch.operations.verification_run.ROWS_AT_ONCE", 2)
    monkeypatch.setattr("seatlatch.operations.verification_run.PORTION_SECONDS", 0)
    monkeypatch.setattr("seatlatch.operations.export_journal.ENTRIES_AT_ONCE", 2)
    monkeypatch.setattr("seatlatch.operations.export_journal.PORTION_ENTRIES_MAX", 2)


def watched(page: Page) -> list[str]:
    """What the page says of the progress, as it says it."""
    said: list[str] = []
    page.expose_function("note", lambda text: said.append(text))
    page.evaluate(WATCH)
    return said


def test_a_person_verifies_the_journal_and_sees_the_progress(
    console_page: ConsolePages, served: Served
) -> None:
    add_entries(served, 9)
    page = console_page(served, SUPPORT, PAGE)
    require_accessible(page)
    said = watched(page)
    page.get_by_role("button", name="Verify now").focus()
    page.keyboard.press("Enter")
    page.get_by_text("by support-all: all 9 entries are intact.").wait_for()
    assert [f"{entries} of 9 entries" in said for entries in (2, 4, 6, 8)] == [True] * 4
    require_accessible(page)


def test_it_goes_on_when_the_service_was_busy(console_page: ConsolePages, served: Served) -> None:
    add_entries(served, 5)
    page = console_page(served, SUPPORT, PAGE)
    requests: list[str] = []

    def answer(route: Route) -> None:
        requests.append(route.request.post_data or "")
        if len(requests) == 2:
            route.fulfill(status=503, headers={"Retry-After": "0.01"}, body="busy")
        else:
            route.continue_()

    page.route("**/journal/verify", answer)
    said = watched(page)
    page.get_by_role("button", name="Verify now").click()
    page.get_by_text("all 5 entries are intact.").wait_for()
    assert requests[1] == requests[2]
    assert "The service is busy. This continues in a few seconds." in said
    console_page.forgive(page, "503")


def test_damage_is_shown_when_the_verification_ends(
    console_page: ConsolePages, served: Served
) -> None:
    add_entries(served, 5)
    served.database.execute(f"{EDIT} WHERE entry_id % 8 = 4")
    page = console_page(served, SUPPORT, PAGE)
    page.get_by_role("button", name="Verify now").click()
    page.get_by_role("heading", name="What to do").wait_for()
    expect(page.locator(".problem")).to_contain_text("row 4: The row was edited.")
    require_accessible(page)


def test_an_anchor_that_is_none_is_refused_with_the_reason(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, SUPPORT, PAGE)
    page.get_by_text("Compare with an earlier anchor").click()
    page.get_by_role("textbox", name="Anchor").fill("no anchor")
    page.get_by_role("button", name="Verify now").click()
    page.get_by_text("This text is not an anchor.").wait_for()
    expect(page.get_by_role("button", name="Verify now")).to_be_enabled()
    require_accessible(page)
    console_page.forgive(page, "422")


def test_a_period_is_exported_as_a_file(
    console_page: ConsolePages, served: Served, tmp_path: Path
) -> None:
    add_entries(served, 5)
    page = console_page(served, READ, PAGE)
    zone = page.context.new_cdp_session(page)
    zone.send("Emulation.setTimezoneOverride", {"timezoneId": "America/New_York"})
    page.get_by_label("From").fill("2020-07-01T12:00")
    expect(page.locator("#since")).to_have_value("2020-07-01T16:00:00.000Z")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Export").click()
    file = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(file)
    lines = file.read_bytes().splitlines()
    assert (len(lines), file.suffix) == (6, ".csv")
    assert all(TOKEN.encode() in line for line in lines[1:])
    expect(page.locator("#export")).to_contain_text("5 requests were exported.")
    page.get_by_label("Before").fill("2020-07-01T12:01")
    page.get_by_label("Format").select_option("jsonl")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Export").click()
    downloading.value.save_as(file)
    assert file.read_bytes() == b""
