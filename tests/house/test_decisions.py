"""The decisions have numbers, and the modules that they explain name them."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "internals" / "decisions.md"
FOLDERS = ("src", "docs", "tests", "bench", "campaigns", "tools")

HEADING = re.compile(r"^## (\w+)$", re.MULTILINE)
NUMBER = re.compile(r"^\*\*(\d+)\. [^\n]", re.MULTILINE)
LINK = re.compile(r"\b[Dd]ecisions? (\d+(?:(?:, | and )\d+)*)")
"""How a module names decisions, such as "See decision 20." or "See decisions 20, 21 and 22."."""

UNLINKED: Mapping[int, str] = {}
"""The decisions that explain no module, each with the reason."""


def numbers_in(page: str) -> list[int]:
    """The numbers of the decisions of a page, in its order."""
    return [int(number) for number in NUMBER.findall(page)]


def linked_in(text: str) -> set[int]:
    """The numbers that a module names."""
    return {int(number) for link in LINK.findall(text) for number in re.findall(r"\d+", link)}


def modules() -> Iterable[Path]:
    """Every module that can name a decision."""
    found = (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
    return (file for file in found if file != Path(__file__))


def is_numbered(numbers: list[int]) -> bool:
    """Whether each number from 1 on is there once."""
    return sorted(numbers) == list(range(1, len(numbers) + 1))


def test_each_number_is_there_once() -> None:
    numbers = numbers_in(PAGE.read_text("utf-8"))
    assert len(numbers) > 130
    assert is_numbered(numbers)


def test_a_section_is_a_package_and_in_order() -> None:
    text = PAGE.read_text("utf-8")
    sections = re.split(HEADING, text.partition("\n## Libraries")[0])
    titles, bodies = sections[1::2], sections[2::2]
    assert titles == sorted(titles)
    for title, body in zip(titles, bodies, strict=True):
        numbers = numbers_in(body)
        assert numbers == sorted(numbers), title
        places = (ROOT / "src" / "seatlatch" / title, ROOT / title)
        assert any(place.is_dir() or place.with_suffix(".py").is_file() for place in places), title


def test_modules_name_decisions_that_exist() -> None:
    known = set(numbers_in(PAGE.read_text("utf-8")))
    unknown = {
        str(file.relative_to(ROOT)): linked_in(file.read_text("utf-8")) - known
        for file in modules()
    }
    assert {name: numbers for name, numbers in unknown.items() if numbers} == {}


def test_every_decision_is_named_by_a_module() -> None:
    known = set(numbers_in(PAGE.read_text("utf-8")))
    linked = {number for file in modules() for number in linked_in(file.read_text("utf-8"))}
    assert known - linked - UNLINKED.keys() == set()
    assert UNLINKED.keys() & linked == set()


def test_links_and_numbers_are_found() -> None:
    assert linked_in("See it. Decisions 2, 3 and 41. Decision 5.") == {2, 3, 41, 5}
    assert linked_in("A decision in 20 lines.") == set()
    assert numbers_in("**1. Why?** So.\n\n**12. How?** So.\n\n1. **Old?** No.\n") == [1, 12]
    assert is_numbered([2, 1, 3])
    assert not is_numbered([1, 3])
    assert not is_numbered([1, 2, 2])
