"""The start page in a browser: accessible, and its links lead to the pages that it names."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.console_client import SIGN_IN
from tests.databases import ON_SQLITE, Databases
from tests.sandbox.sandboxes import Sandbox, sandbox_on
from tests.serving import Served

pytestmark = ON_SQLITE
"""Nothing here is about a database."""


@pytest.fixture
def sandbox(databases: Databases) -> Iterator[Sandbox]:
    """A fresh sandbox."""
    with sandbox_on(databases.new("sandbox")) as running:
        yield running


def test_it_is_accessible(console_page: ConsolePages, served: Served, sandbox: Sandbox) -> None:
    for url in (served.url, sandbox.url):
        page = console_page.nobody(url + "/")
        expect(page.get_by_role("heading", name="seatlatch")).to_be_visible()
        require_accessible(page)


def test_from_it_a_person_signs_in_to_the_sandboxs_console(
    console_page: ConsolePages, sandbox: Sandbox
) -> None:
    page = console_page.nobody(sandbox.url + "/")
    page.get_by_role("link", name="Sign in to the console").click()
    page.wait_for_url(lambda url: SIGN_IN in url)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(sandbox.url + "/console")
    expect(page.get_by_text("Sandbox: example data")).to_be_visible()
