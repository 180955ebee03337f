"""Light and dark: as the system has it, until a person chooses the other one."""

from typing import Literal

import pytest
from playwright.sync_api import Page

from tests.console.browser.pages import ConsolePages, findings
from tests.console.people import READ
from tests.databases import ON_SQLITE
from tests.serving import Served

pytestmark = ON_SQLITE

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"


def background(page: Page) -> str:
    """The colour behind a page."""
    found: str = page.evaluate(BACKGROUND)
    return found


@pytest.mark.parametrize("system", SCHEMES)
def test_a_person_chooses_the_other_theme(
    console_page: ConsolePages, served: Served, system: Scheme
) -> None:
    page = console_page(served, READ)
    seen = {}
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        seen[scheme] = background(page)
    assert seen["light"] != seen["dark"]
    page.emulate_media(color_scheme=system)
    (other,) = set(SCHEMES) - {system}
    page.get_by_role("button", name="light and dark").click()
    assert background(page) == seen[other]
    assert findings(page) == []
    page.reload()
    assert background(page) == seen[other], "the choice is remembered"
    page.get_by_role("button", name="light and dark").click()
    assert background(page) == seen[system]
