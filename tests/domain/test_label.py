"""What people write for other people: it says something, has an end, and stays on its line."""

import pytest

from seatlatch.domain.label import LABEL_CHARACTERS_MAX, label_problem


@pytest.mark.parametrize(
    "text", ["a", " a ", "Moving house", "é", "\N{TICKET}", "'; --", "a\u00a0b"]
)
def test_what_people_write_is_kept(text: str) -> None:
    assert label_problem(text) is None


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u00a0", "\u2028"])
def test_nothing_is_no_label(text: str) -> None:
    assert label_problem(text) == "must not be empty"


@pytest.mark.parametrize("character", ["x", "\N{TICKET}"])
def test_a_label_has_an_end(character: str) -> None:
    assert label_problem(character * LABEL_CHARACTERS_MAX) is None
    problem = label_problem(character * (LABEL_CHARACTERS_MAX + 1))
    assert problem == f"is longer than {LABEL_CHARACTERS_MAX} characters"


@pytest.mark.parametrize(
    "character",
    [*map(chr, (*range(0x20), *range(0x7F, 0xA0))), "\u2028", "\u2029", "\ud800", "\udcff"],
    ids=ascii,
)
def test_what_would_break_a_line_or_is_no_text_is_told(character: str) -> None:
    for text in (f"a{character}b", f"{character}b", f"a{character}"):
        assert label_problem(text) == "holds a control character, or bytes that are no text"
