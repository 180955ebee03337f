"""Arrays as text: all texts that PostgreSQL can store come back unchanged."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatlatch.store.postgres.arrays import array, is_storable
from tests.postgres_database import PostgresMaker

TEXTS = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])).filter(is_storable))


@pytest.fixture(scope="module")
def connection(postgres: PostgresMaker) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    database = postgres.blank("inventory")
    with psycopg.connect(database.url, autocommit=True) as made:
        yield made
    database.drop()


def back(made: psycopg.Connection[tuple[object, ...]], text: bytes, kind: str) -> object:
    """The values that the server reads."""
    row = made.execute(f"SELECT %s::{kind}".encode(), (text.decode(),)).fetchone()
    assert row
    return row[0]


@settings(max_examples=500, deadline=None)
@given(values=TEXTS)
def test_texts_come_back(
    connection: psycopg.Connection[tuple[object, ...]], values: list[str | None]
) -> None:
    assert back(connection, array(values), "text[]") == values


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        [None],
        ["NULL", "null", None],
        ['"', "\\", '\\"', "{}", "{", ",", " a ", "\n", "\t", "\x01", "\x7f", "\N{TICKET}"],
        ["\\u0041", "\\n", "a\x1fb"],
    ],
    ids=repr,
)
def test_what_means_something_in_an_array_comes_back(
    connection: psycopg.Connection[tuple[object, ...]], values: list[str | None]
) -> None:
    assert back(connection, array(values), "text[]") == values


def test_flags_and_numbers_come_back(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    assert back(connection, array([True, False, None]), "boolean[]") == [True, False, None]
    assert back(connection, array([0, 7, None, 86_400]), "int[]") == [0, 7, None, 86_400]


def test_nul_is_reported_before() -> None:
    assert not is_storable("a\0b")
    assert is_storable("")
