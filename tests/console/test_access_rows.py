"""Ages in words, identifiers in fields, and typed names."""

from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.console.access_rows import age_of, identifiers, key_rows, require_typed
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.store.access import KeyEntry

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-5, "less than an hour"),
        (0, "less than an hour"),
        (3_599, "less than an hour"),
        (3_600, "1 hour"),
        (7_200, "2 hours"),
        (86_399, "23 hours"),
        (86_400, "1 day"),
        (2 * 86_400, "2 days"),
        (1_200 * 86_400, "1,200 days"),
    ],
)
def test_an_age_in_words(seconds: int, age: str) -> None:
    assert age_of(NOW - timedelta(seconds=seconds), NOW) == age


def test_an_unknown_age_says_so() -> None:
    assert age_of(None, NOW) == "unknown"


def test_a_key_is_over_when_it_has_ended() -> None:
    ends = [None, NOW, NOW + timedelta(microseconds=1), NOW - timedelta(days=1)]
    rows = key_rows([KeyEntry("k", NOW, end, None) for end in ends], NOW)
    assert [row.is_over for row in rows] == [False, True, False, True]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ([], []),
        ([" , "], []),
        (["1001"], ["1001"]),
        (["1001", "1002"], ["1001", "1002"]),
        ([" 1001, 1002\r\n1003 "], ["1001", "1002", "1003"]),
    ],
)
def test_identifiers_in_fields(fields: list[str], found: list[str]) -> None:
    assert identifiers(fields) == found


def test_a_typed_name_confirms() -> None:
    require_typed(" anna ", "anna")
    for typed in ("", "Anna", "ann", "anna anna"):
        with pytest.raises(InvalidRequest, match="type anna exactly"):
            require_typed(typed, "anna")
