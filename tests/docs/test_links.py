"""Every link within the project leads somewhere, and every page is led to."""

from pathlib import Path

from docs.generate import ROOT
from tests.cases import all_cases
from tests.docs.pages import DOCS, PAGES, anchors, links, name_of, prose


@all_cases("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_relative_to(ROOT), f"{target} leads out of the project"
        assert file.is_file(), f"{target} leads nowhere"
        if anchor:
            assert anchor in anchors(file), f"{target}: there is no such heading"


def test_an_index_lists_every_page() -> None:
    """The first one, or, for a folder's pages, the one that stands there and is listed itself."""
    index = DOCS / "README.md"
    listed = listed_by(index)
    for page in sorted(listed - {index, ROOT / "README.md"}):
        if page.name == "README.md":
            listed |= {below for below in listed_by(page) if below.parent == page.parent}
    assert set(PAGES) - listed == {index}


def listed_by(page: Path) -> set[Path]:
    """The files to which a page links."""
    return {(page.parent / target.partition("#")[0]).resolve() for target in links(page)}


@all_cases("page", PAGES, ids=name_of)
def test_a_page_opens_with_a_sentence(page: Path) -> None:
    title, sentence = prose(page).split("\n\n")[:2]
    assert title.startswith("# ")
    assert sentence[0].isalpha(), "a sentence says what the page is for"
    assert "." in sentence
