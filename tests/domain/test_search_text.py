"""What a person may type for a seat, and how it is read."""

from typing import Any

from seatlatch.domain.search_text import cleaned, seat_readings
from tests.cases import all_cases


def readings(text: str) -> list[dict[str, Any]]:
    """The filters of each reading that are given."""
    return [
        {field: value for field, value in reading._asdict().items() if value is not None}
        for reading in seat_readings(text)
    ]


SEAT = {"section": "101", "row": "B", "seat": "3"}
SEAT_OF_EVENT = {"access_id": "GAME-1", **SEAT}
NOT_A_SEAT = ["98973476444", "a-b", "a/b/", "//", "", " ", "anna@example.org", "section", '"']


@all_cases(
    "text",
    [
        *("GAME-1 101 B 3", "GAME-1, 101, B, 3", "  GAME-1\t101  B 3 ", "GAME-1;101;B;3"),
        *("event GAME-1 section 101 row B seat 3", 'seat: 3 row: "B" sec. 101 Event GAME-1'),
    ],
)
def test_a_seat_of_an_event(text: str) -> None:
    assert SEAT_OF_EVENT in readings(text)


@all_cases(
    "text",
    [
        *("101 B 3", "101, B, 3", "101-B-3", "101/B/3", "Section 101, Row B, Seat 3"),
        *("sec 101 row B seat 3", '"101" "B" "3"', "SECTION: 101 ROW: B SEAT: 3"),
    ],
)
def test_a_seat(text: str) -> None:
    assert readings(text)[0] == SEAT


def test_three_words_may_begin_with_the_event() -> None:
    assert readings("GAME-1 101 B") == [
        {"section": "GAME-1", "row": "101", "seat": "B"},
        {"access_id": "GAME-1", "section": "101", "row": "B"},
    ]


def test_two_words_are_a_row_or_a_section_of_an_event() -> None:
    assert readings("101 B") == [
        {"section": "101", "row": "B"},
        {"access_id": "101", "section": "B"},
    ]


def test_a_section_may_have_several_words() -> None:
    assert {"section": "Club Level", "row": "A", "seat": "3"} in readings("Club Level A 3")
    assert readings('"Club Level" A 3')[0] == {"section": "Club Level", "row": "A", "seat": "3"}
    assert readings("Club Level, A, 3")[0] == {"section": "Club Level", "row": "A", "seat": "3"}
    of_event = {"access_id": "GAME-1", "section": "Club Level", "row": "A", "seat": "3"}
    assert of_event in readings("GAME-1 Club Level A 3")
    assert of_event in readings('GAME-1 "Club Level" A 3')


def test_labels_may_name_some_fields_only() -> None:
    assert readings("row B seat 3") == [{"row": "B", "seat": "3"}]
    assert readings("section 101") == [{"section": "101"}]


@all_cases("text", NOT_A_SEAT)
def test_one_word_is_no_seat(text: str) -> None:
    assert readings(text) == []


@all_cases("text", ["101,,3", ", ,", "row B row C", "a , "])
def test_what_is_incomplete_is_read_without_empty_values(text: str) -> None:
    assert all(value for reading in readings(text) for value in reading.values())


def test_any_number_of_words_has_few_readings() -> None:
    assert len(seat_readings("word " * 5_000)) <= 2


def test_a_copied_text_is_cleaned_at_its_ends() -> None:
    assert cleaned("\u00a0 101 B 3\u200b\r\n") == "101 B 3"
