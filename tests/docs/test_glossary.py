"""The glossary has each term once, and names only metrics, commands and routes that exist."""

import re

from docs.commands import every_command
from seatlatch.metrics import Metrics
from tests.docs.pages import DOCS, prose

GLOSSARY = DOCS / "concepts" / "glossary.md"
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]*)\|$", re.MULTILINE)
HEADINGS = ("Term", "---")
ASKED_FOR = (
    *("ticket", "token", "seat", "section", "row", "listing", "channel", "application", "hold"),
    *("organization", "void", "mpreserve", "lock", "unlock", "override", "owner", "journal"),
    *("entry", "hash chain", "anchor", "feed", "seat message", "webhook endpoint", "message"),
    *("attempt", "delivery", "request", "request id", "version", "group commit", "lane", "worker"),
    *("supervisor", "head", "outcome", "refusal", "grant", "operator", "cursor"),
)


def rows(text: str) -> list[tuple[str, str, str]]:
    """The term, the meaning and the places of each row."""
    return [row for row in ROW.findall(text) if row[0] not in HEADINGS]


def terms(text: str) -> list[str]:
    """Every term, of which a row may have several."""
    return [term for names, _, _ in rows(text) for term in names.split(", ")]


def repeated(names: list[str]) -> set[str]:
    """Those that are there more than once."""
    return {name for name in names if names.count(name) > 1}


def unknown_places(text: str) -> set[str]:
    """The metrics and commands that a glossary names and that do not exist."""
    metrics = {family.name for family in Metrics().registry.collect()}
    commands = {name for name, _ in every_command()}
    named = {code for row in rows(text) for code in re.findall(r"`(seatlatch[ _][^`]+)`", row[2])}
    return {name for name in named if name.removesuffix("_total") not in metrics | commands}


def test_each_term_is_there_once() -> None:
    found = terms(GLOSSARY.read_text("utf-8"))
    assert repeated(found) == set()
    assert set(ASKED_FOR) - set(found) == set()


def test_terms_are_in_order() -> None:
    for section in prose(GLOSSARY).split("\n## ")[1:]:
        names = [name.lower() for name, _, _ in rows(section)]
        assert names == sorted(names)


def test_the_places_exist() -> None:
    assert unknown_places(GLOSSARY.read_text("utf-8")) == set()


def test_a_repeated_term_and_a_place_that_is_gone_are_found() -> None:
    text = "| lane | A task. | `seatlatch_lanes` |\n| lane, way | Another. | `seatlatch run` |\n"
    assert repeated(terms(text)) == {"lane"}
    assert unknown_places(text) == {"seatlatch_lanes", "seatlatch run"}
