"""The project's pages as tests see them: their blocks of code, headings, links and table cells."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from docs import markdown
from docs.generate import ROOT, pages
from docs.markdown import BLOCK

PAGES = pages(ROOT)
DOCS = ROOT / "docs"

HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A block of code, with the language after its fence."""

    language: str
    text: str


def name_of(page: Path) -> str:
    """A page as the repository knows it."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> Iterator[Block]:
    """A page's blocks of code, in order."""
    return (Block(match[1], match[2]) for match in BLOCK.finditer(page.read_text("utf-8")))


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return markdown.prose(page.read_text("utf-8"))


def links(page: Path) -> list[str]:
    """Where a page's links lead, but for those out of the project."""
    return markdown.links(page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make, by GitHub's rule."""
    headings = HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def first_cells(page: Path, heading: str) -> set[str]:
    """The code in the first cells of the first table under a heading."""
    below = page.read_text("utf-8").partition(f"\n{heading}\n")[2]
    table = below[below.index("\n|") :].lstrip("\n").partition("\n\n")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE))
