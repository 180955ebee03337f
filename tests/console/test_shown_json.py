"""Texts of others as blocks."""

import pytest

from seatlatch.console.shown_json import SHOWN_CHARACTERS_MAX, shown_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a":[1,2.50]}', '{\n  "a": [\n    1,\n    2.50\n  ]\n}'),
        ("[]", "[]"),
        ("not {json", "not {json"),
        ("", ""),
        ("[" * 1_000, "[" * 1_000),
        ("a\r\n\tb\u202e\x1b", "a\\r\n\\tb\\u202e\\x1b"),
        ('"\u202e"', '"\\u202e"'),
        ("\udc80", "\\udc80"),
    ],
)
def test_a_text_is_indented_if_it_is_json_and_has_nothing_invisible(text: str, shown: str) -> None:
    assert shown_json(text) == (shown, False)


def test_a_long_text_is_cut() -> None:
    for text in ("x" * (SHOWN_CHARACTERS_MAX + 1), f"[{'1,' * SHOWN_CHARACTERS_MAX}1]"):
        shown = shown_json(text)
        assert (len(shown.text), shown.is_cut) == (SHOWN_CHARACTERS_MAX, True)
