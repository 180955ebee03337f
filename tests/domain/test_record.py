"""The valid fields of a ticket's record: the first invalid one is named."""

import pytest

from seatlatch.domain.record import (
    FIELD_CHARACTERS_MAX,
    FIELDS,
    REQUIRED,
    SEAT_BYTES_MAX,
    SEAT_FIELDS,
    record_problem,
)
from seatlatch.domain.ticket import TicketRecord
from tests.cases import all_cases

WHOLE = TicketRecord("t", "1001", "o", "E", "S", "R", "9", "B")
OPTIONAL = [field for field in FIELDS if field not in REQUIRED]


def test_a_full_record_and_a_minimal_one_are_valid() -> None:
    assert record_problem(WHOLE) is None
    assert record_problem(TicketRecord("t", "1001", "o")) is None
    assert ("token", "organization_id", "owner_id", *OPTIONAL) == FIELDS


@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_field_must_not_be_empty(field: str) -> None:
    assert record_problem(WHOLE._replace(**{field: ""})) == (field, "must not be empty")


@pytest.mark.parametrize("field", OPTIONAL)
def test_an_optional_field_may_be_empty(field: str) -> None:
    assert record_problem(WHOLE._replace(**{field: ""})) is None


@all_cases("field", FIELDS)
@all_cases("character", ["x", "\N{TICKET}", "\u0301"])
def test_a_field_has_a_maximum_length(field: str, character: str) -> None:
    if field in SEAT_FIELDS and len(character.encode()) > 1:
        return  # the maximum of bytes is reached before
    longest = character * FIELD_CHARACTERS_MAX
    assert record_problem(WHOLE._replace(**{field: longest})) is None
    problem = record_problem(WHOLE._replace(**{field: longest + character}))
    assert problem == (field, f"is longer than {FIELD_CHARACTERS_MAX} characters")


@all_cases("field", FIELDS)
@all_cases("character", [*map(chr, range(0x20)), "\x7f"], ids=ascii)
def test_a_control_character_is_refused(field: str, character: str) -> None:
    for value in (character, f"a{character}", f"{character}a", f"a{character}b"):
        problem = record_problem(WHOLE._replace(**{field: value}))
        assert problem == (field, f"contains a control character, U+{ord(character):04X}")


@all_cases(
    "value",
    ["a b", "é", "\N{TICKET}", "a\u00a0b", "a\u200bb", "'; --", "a,b", '"', "0", "\\", "❤\ufe0f"],
    ids=ascii,
)
@all_cases("field", FIELDS)
def test_any_other_character_is_accepted(field: str, value: str) -> None:
    assert record_problem(WHOLE._replace(**{field: value})) is None


@all_cases("field", FIELDS)
@all_cases(
    ("value", "problem"),
    [
        (" a", "starts with whitespace, U+0020 (SPACE); remove it"),
        ("a ", "ends with whitespace, U+0020 (SPACE); remove it"),
        ("\u00a0a", "starts with whitespace, U+00A0 (NO-BREAK SPACE); remove it"),
        ("é\u00a0", "ends with whitespace, U+00A0 (NO-BREAK SPACE); remove it"),
        ("a\u200b", "ends with an invisible character, U+200B (ZERO WIDTH SPACE); remove it"),
        (
            "\ufeffa",
            "starts with an invisible character, U+FEFF (ZERO WIDTH NO-BREAK SPACE); remove it",
        ),
        ("  ", "contains only whitespace, U+0020 (SPACE); remove it"),
    ],
    ids=ascii,
)
def test_no_field_has_invisible_ends(field: str, value: str, problem: str) -> None:
    assert record_problem(WHOLE._replace(**{field: value})) == (field, problem)


def test_the_first_field_is_named() -> None:
    assert record_problem(TicketRecord("", "", "")) == ("token", "must not be empty")
    both = WHOLE._replace(owner_id="", barcode="\0")
    assert record_problem(both) == ("owner_id", "must not be empty")


@pytest.mark.parametrize("field", SEAT_FIELDS)
def test_a_field_of_a_seat_has_a_maximum_of_bytes(field: str) -> None:
    """An index of PostgreSQL has all of them in one row."""
    longest = "\U0001f39f" * (SEAT_BYTES_MAX // 4)
    assert record_problem(WHOLE._replace(**{field: longest})) is None
    problem = record_problem(WHOLE._replace(**{field: longest + "\U0001f39f"}))
    assert problem == (field, "is longer than 250 bytes in UTF-8")
