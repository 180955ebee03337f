"""The site of the pages: whole, with nothing from elsewhere, and a browser finds things in it."""

import os
import re
import subprocess
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from docs.build import SITE, build, place
from docs.generate import ROOT
from tests.browser import browser
from tests.docs.pages import PAGES, name_of
from tests.docs.running import sandbox
from tests.requirements import missing

ELSEWHERE = re.compile(
    r"""(?:\bsrc\s*=|<link\b[^>]*\bhref=|@import|\burl\()\s*["']?\s*(?:https?:)?//[^\s"')>]*"""
)
"""What a browser fetches by itself from another host: a script, an image, a style, a font."""

LINK = re.compile(r'\b(?:href|src)="([^"]*)"')
REFERENCE = "/reference"
"""The reference of the API, which is no part of the site."""

SERVED = "/docs/"

BACKGROUND = "body => getComputedStyle(body).backgroundColor"


@pytest.fixture(scope="module")
def site() -> Path:
    """The site as `make` has built it, once for all tests, of the pages as they are now."""
    file = (SITE / "index.html").relative_to(ROOT)
    asked = subprocess.run(["make", "--question", file], cwd=ROOT, capture_output=True, check=False)
    if asked.returncode:
        missing("The site of the pages is not built, or not of these pages; run make docs.")
    return SITE


def test_every_page_is_in_the_site(site: Path) -> None:
    for page in PAGES:
        built = unescape((site / place(page, ROOT)).with_suffix(".html").read_text("utf-8"))
        title = page.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        assert f"<h1>{title}<" in built, name_of(page)


def test_no_link_copies_a_module_into_the_site(site: Path) -> None:
    modules = [file.name for file in site.rglob("*.py")]
    assert modules == [], "write the name of the file instead of a link"


def test_the_search_index_has_the_words_of_the_field(site: Path) -> None:
    index = (site / "searchindex.js").read_text("utf-8")
    for stem in ("mpreserv", "seat_record_lock", "idempot", "webhook"):
        assert f"{stem}:[" in index.replace('"', ""), stem


def test_every_link_leads_to_a_file_of_the_site(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    for page in pages:
        for link in LINK.findall(page.read_text("utf-8")):
            target = urlsplit(link)
            if not target.scheme and target.path and not leads_to_reference(site, page, link):
                assert (page.parent / target.path).is_file(), f"{page.name}: {link}"


def test_every_page_links_to_the_reference_below_any_path(site: Path) -> None:
    for page in site.rglob("*.html"):
        links = LINK.findall(page.read_text("utf-8"))
        assert not [link for link in links if link.startswith("/")], page.name
    links = LINK.findall((site / "index.html").read_text("utf-8"))
    assert any(leads_to_reference(site, site / "index.html", link) for link in links)


def leads_to_reference(site: Path, page: Path, link: str) -> bool:
    """Whether a link leads to the reference when the site is served below /docs/."""
    return os.path.normpath(page.parent / link) == os.path.normpath(
        site / ".." / REFERENCE.strip("/")
    )


def test_nothing_comes_from_elsewhere(site: Path) -> None:
    files = [file for file in site.rglob("*") if file.suffix in {".html", ".css", ".js"}]
    assert len(files) > len(PAGES)
    found = {file.name: ELSEWHERE.findall(file.read_text("utf-8")) for file in files}
    assert {name: there for name, there in found.items() if there} == {}


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://example.com/x.js">',
        "<img src='//example.com/x.png'>",
        '<link rel="stylesheet" href="http://example.com/x.css">',
        "@import 'https://example.com/x.css'",
        "@font-face { src: url(https://example.com/x.woff2) }",
    ],
)
def test_what_comes_from_elsewhere_would_be_found(text: str) -> None:
    assert ELSEWHERE.search(text)
    assert not ELSEWHERE.search('<a href="https://example.com/">, url("data:image/svg+xml,...")')


def test_a_link_that_leads_nowhere_ends_the_build_and_the_old_site_stays(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    index = "# Index\n\nIt lists all.\n\n## Section\n\n- [Page](page.md)\n"
    (tmp_path / "docs" / "README.md").write_text(index)
    (tmp_path / "docs" / "page.md").write_text("# Page\n\nIt says something.\n")
    site = tmp_path / "site"
    assert build(tmp_path, site) == 0
    broken = "[a](other.md) [b](#nowhere) [c](page.md#no)\n"
    (tmp_path / "docs" / "README.md").write_text(index.replace("It", f"{broken}\n\nIt"))
    (tmp_path / "docs" / "forgotten.md").write_text("# Forgotten\n\nNo index names it.\n")
    capfd.readouterr()
    assert build(tmp_path, site) != 0
    assert capfd.readouterr().err.count("WARNING") == 4
    assert {file.name for file in tmp_path.iterdir()} == {"docs", "site"}
    assert not (site / "forgotten.html").exists()
    assert (site / "page.html").exists()


def test_a_browser_finds_a_page_by_a_word_and_asks_nobody_else(site: Path, tmp_path: Path) -> None:
    with sandbox(tmp_path) as about, browser() as opened:
        page = opened.page
        url = about["url"] + SERVED
        page.goto(url)
        link = page.get_by_role("link", name="API reference")
        assert link.evaluate("link => link.href") == about["url"] + REFERENCE
        page.get_by_placeholder("Search").fill("mpreserve")
        page.keyboard.press("Enter")
        page.wait_for_selector("ul.search li p")
        page.get_by_role("link", name="Concepts > mpreserve").click()
        page.wait_for_url(re.compile("concepts/index"))
        expect(page.get_by_role("heading", name="mpreserve")).to_be_visible()
        before = page.locator("body").evaluate(BACKGROUND)
        page.get_by_role("button", name="Toggle Light / Dark / Auto color theme").first.click()
        assert page.locator("body").evaluate(BACKGROUND) != before
    opened.require_quiet()
