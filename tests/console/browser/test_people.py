"""The pages of people in a browser: a new person signs in with the key that is shown once."""

import re

from playwright.sync_api import Page, expect

from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.console_client import SIGN_IN
from tests.console.people import ADMIN, READ
from tests.serving import ORGANIZATION, Served

PEOPLE = "/console/people"


def copied(page: Page) -> str:
    """What the only button that copies a secret puts into the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name=re.compile("^Copy the"))
    button.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text: str = page.evaluate("() => navigator.clipboard.readText()")
    return text


def test_a_person_is_added_and_signs_in_with_the_key_that_is_shown_once(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, ADMIN, PEOPLE)
    require_accessible(page)
    page.get_by_label("Name", exact=True).fill("anna")
    page.get_by_label("Role").select_option("support")
    page.get_by_label("only these organizations").check()
    page.get_by_role("checkbox", name=ORGANIZATION).check()
    page.get_by_role("button", name="Add the person").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("anna was added")
    require_accessible(page)
    key = copied(page)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", key)
    page.get_by_role("link", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("anna")
    assert key not in page.content()
    require_accessible(page)
    anna = console_page(served, key)
    expect(anna.locator(".who")).to_contain_text("anna")
    menu = anna.get_by_role("navigation", name="Console")
    expect(menu.get_by_role("link", name="Tickets")).to_be_visible()
    expect(menu.get_by_role("link", name="People")).to_have_count(0)


def test_a_revocation_is_typed_and_ends_the_session_of_another_window(
    console_page: ConsolePages, served: Served
) -> None:
    reader = console_page(served, READ, "/console/tickets")
    page = console_page(served, ADMIN, f"{PEOPLE}/{READ}")
    button = page.get_by_role("button", name=f"Revoke {READ}")
    expect(button).to_be_disabled()
    typed = page.get_by_label(f"Type {READ} to confirm")
    typed.fill("read")
    expect(button).to_be_disabled()
    typed.fill(READ)
    button.click()
    expect(page.get_by_role("status")).to_contain_text("Revoked")
    require_accessible(page)
    reader.reload()
    assert reader.url.startswith(served.url + SIGN_IN)


def test_an_administrator_who_revokes_himself_by_keyboard_is_signed_out(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, ADMIN, f"{PEOPLE}/{ADMIN}")
    require_accessible(page)
    page.get_by_label(f"Type {ADMIN} to confirm").focus()
    page.keyboard.type(ADMIN)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(served.url + SIGN_IN)
    page.goto(served.url + PEOPLE)
    assert page.url.startswith(served.url + SIGN_IN)
