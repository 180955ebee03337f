"""What the browser tests of the console find wrong with a page, and what they let pass."""

import asyncio
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.browser import browser
from tests.console.browser.pages import Chromium, ConsolePages, console_pages, require_accessible
from tests.databases import ON_SQLITE
from tests.serving import Served

GOOD = "<p>Good"
WORSE = {
    "image-alt": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
    "light: color-contrast": '<p style="color: #eee; background: white">Faint',
    "dark: color-contrast": "<p class=faint>Faint",
    "scrolls to 500 px": '<p style="width: 500px; margin: 0">Wide',
}
COMPLAINTS = {
    "error: broken": "() => console.error('broken')",
    "warning: odd": "() => console.warn('odd')",
    "thrown": """() => new Promise(done => {
        setTimeout(() => { throw new Error('thrown') })
        setTimeout(done) })""",
    "Failed to load": "() => fetch('http://example.com/').catch(() => 0)",
}


def page_of(content: str) -> str:
    """The address of a page with this content, which is in order in light and dark."""
    text = f"""<!doctype html><html lang="en"><title>Page</title><style>body {{ margin: 0 }}
    @media (prefers-color-scheme: dark) {{
    html {{ background: black; color: white }} .faint {{ color: #333 }} }}
    </style><main><h1>Page</h1>{content}</main></html>"""
    return "data:text/html," + quote(text)


def test_a_page_in_order_passes(console_page: ConsolePages) -> None:
    require_accessible(console_page.nobody(page_of(GOOD)))


@pytest.mark.parametrize("finding", WORSE)
def test_what_is_worse_is_found(console_page: ConsolePages, finding: str) -> None:
    page = console_page.nobody(page_of(WORSE[finding]))
    with pytest.raises(AssertionError, match=finding):
        require_accessible(page)


@pytest.mark.parametrize("complaint", COMPLAINTS)
def test_a_complaint_fails_unless_it_is_forgiven(chromium: Chromium, complaint: str) -> None:
    def opened(pages: ConsolePages) -> Callable[[], None]:
        page = pages.nobody(page_of(GOOD))
        page.evaluate(COMPLAINTS[complaint])
        return lambda: pages.forgive(page, complaint)

    with pytest.raises(AssertionError, match=complaint), console_pages(chromium) as pages:
        opened(pages)
    if "example.com" in COMPLAINTS[complaint]:  # whatever is said of it, nothing may ask there
        with pytest.raises(AssertionError, match="example"), console_pages(chromium) as pages:
            opened(pages)()
    else:
        with console_pages(chromium) as pages:
            opened(pages)()


def test_forgiving_what_nobody_said_fails(console_page: ConsolePages) -> None:
    page = console_page.nobody(page_of(GOOD))
    with pytest.raises(AssertionError, match="unsaid"):
        console_page.forgive(page, "unsaid")


@ON_SQLITE
def test_a_database_changes_while_a_page_is_open(
    console_page: ConsolePages, shared: Served
) -> None:
    page = console_page.nobody(page_of(GOOD))
    with shared.database.provisioning() as provisioning:
        provisioning.add_organization("3003", "Added")
    assert page.inner_text("h1") == "Page"
    assert "3003" in {row["organization_id"] for row in shared.database.table("organizations")}


def test_other_tests_of_the_process_have_their_loops_and_browsers(chromium: Chromium) -> None:
    assert chromium.browser.is_connected()
    asyncio.run(asyncio.sleep(0))
    with browser() as opened:
        opened.page.goto(page_of(GOOD))
        assert opened.page.inner_text("h1") == "Page"
