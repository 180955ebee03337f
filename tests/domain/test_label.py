"""Texts that people write: not empty, limited in length, and on one line."""

import re
import sys
import unicodedata

import pytest

from seatlatch.domain.label import (
    LABEL_CHARACTERS_MAX,
    TRIMMED,
    TRIMMED_OR_EMPTY,
    ends_problem,
    label_problem,
    without_invisible_ends,
)
from tests.cases import all_cases

VISIBLE_FORMATS = (
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001343f"
)
"""Visible format characters: number signs, the end of a verse, joined hieroglyphs."""


@pytest.mark.parametrize(
    "text", ["a", " a ", "Moving seats", "é", "\N{TICKET}", "'; --", "a\u00a0b"]
)
def test_good_labels_are_accepted(text: str) -> None:
    assert label_problem(text) is None


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u00a0", "\u2028"])
def test_an_empty_label_is_refused(text: str) -> None:
    assert label_problem(text) == "must not be empty"


@pytest.mark.parametrize("character", ["x", "\N{TICKET}"])
def test_a_label_has_a_maximum_length(character: str) -> None:
    assert label_problem(character * LABEL_CHARACTERS_MAX) is None
    problem = label_problem(character * (LABEL_CHARACTERS_MAX + 1))
    assert problem == f"is longer than {LABEL_CHARACTERS_MAX} characters"


@all_cases(
    "character",
    [*map(chr, (*range(0x20), *range(0x7F, 0xA0))), "\u2028", "\u2029", "\ud800", "\udcff"],
    ids=ascii,
)
def test_a_control_character_or_invalid_text_is_refused(character: str) -> None:
    for text in (f"a{character}b", f"{character}b", f"a{character}"):
        assert label_problem(text) == "contains a control character, or bytes that are not text"


def invisible_categories() -> list[str]:
    """Every character that Unicode calls a separator, a control or a format character."""
    drawn = re.compile(f"[{VISIBLE_FORMATS}]")
    return [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"}
        and not drawn.match(character)
    ]


def test_every_invisible_character_is_rejected_at_both_ends() -> None:
    characters = invisible_categories()
    assert len(characters) > 200
    missed = [
        f"{ord(one):04X}"
        for one in characters
        if not ends_problem("a" + one) or not ends_problem(one + "a") or not ends_problem(one)
    ]
    assert missed == []
    assert [one for one in characters if ends_problem(f"a{one}b")] == []


@pytest.mark.parametrize("filler", ["\u034f", "\u115f", "\u2800", "\u3164", "\uffa0"], ids=ascii)
def test_invisible_letters_are_rejected_too(filler: str) -> None:
    assert ends_problem("a" + filler)
    assert ends_problem(filler + "a")


@all_cases(
    "text",
    ["", "a", "a b", "1\ufe0f\u20e3", "❤\ufe0f", "👩\u200d🚀", "葛\U000e0100", "\u06dd", "e\u0301"],
    ids=ascii,
)
def test_visible_ends_are_kept(text: str) -> None:
    assert ends_problem(text) is None
    assert without_invisible_ends(text) == text


def test_a_flag_may_end_with_tags_and_nothing_else_may() -> None:
    tags = "\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    assert ends_problem("\U0001f3f4" + tags) is None
    assert (
        ends_problem("a" + tags)
        == "ends with an invisible character, U+E007F (CANCEL TAG); remove it"
    )


def test_a_variation_selector_needs_a_character_before_it() -> None:
    assert ends_problem("\ufe0fa")
    assert ends_problem("\U000e0100a")


def test_only_the_ends_are_trimmed() -> None:
    assert without_invisible_ends(" \u00a0\ufeffa\u200b b\t\u2060\r\n") == "a\u200b b"
    assert without_invisible_ends(" \u200b ") == ""


def test_the_schema_patterns_agree_with_the_rule() -> None:
    for character in map(chr, range(0x20, 0xD800)):
        for text in (character, character + "a", "a" + character):
            valid = not ends_problem(text) and not label_problem(text)
            assert bool(re.search(TRIMMED, text)) is valid, ascii(text)
            assert bool(re.search(TRIMMED_OR_EMPTY, text)) is valid, ascii(text)
    assert re.search(TRIMMED_OR_EMPTY, "")
    assert not re.search(TRIMMED, "")
