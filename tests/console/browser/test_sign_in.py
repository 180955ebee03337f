"""Sign-in and sign-out in a browser."""

from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.console_client import COOKIE, SIGN_IN, Console
from tests.console.people import READ
from tests.serving import Served


def test_a_person_signs_in_by_keyboard_and_out(console_page: ConsolePages, served: Served) -> None:
    page = console_page.nobody(served.url + "/console")
    assert page.url.startswith(served.url + SIGN_IN)
    require_accessible(page)
    page.keyboard.type(READ)
    page.keyboard.press("Enter")
    page.wait_for_url(served.url + "/console")
    require_accessible(page)
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (COOKIE, True, "Strict")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(served.url + SIGN_IN)
    assert page.context.cookies() == []


def test_a_person_is_signed_in_with_and_without_a_browser(
    console_page: ConsolePages, served: Served
) -> None:
    assert console_page(served, READ).url == served.url + "/console"
    assert Console(served, READ).get("/console").status_code == 200
