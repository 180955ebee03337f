"""The feed under 200 writers that hold their transactions open: it skips nothing, repeats nothing.

`python -m campaigns.feed` reads many more events.
"""

import asyncio
import random
from collections.abc import Iterator

import pytest

from tests.durability.feed_writers import (
    WRITERS,
    expected,
    feed_database,
    pages_by_cursor,
    pages_by_position,
    read_while_written,
    versions_in,
    wrong_in,
)
from tests.postgres_database import PostgresDatabase

EVENTS = 10_000


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresDatabase]:
    """An inventory on a server that accepts all writers at once."""
    with feed_database() as made:
        yield made


def test_nothing_is_skipped_and_nothing_comes_twice(database: PostgresDatabase) -> None:
    seed = random.randrange(10**6)
    before = versions_in(database)
    at_most, seen = asyncio.run(read_while_written(database.url, pages_by_cursor, EVENTS, seed))
    after = versions_in(database)
    assert at_most > WRITERS // 2, "they are to be open at once"
    assert wrong_in(seen, before, after) == [], f"seed {seed}"
    assert len(expected(before, after)) >= EVENTS * 0.9


def test_control_a_cursor_that_is_a_number_skips(database: PostgresDatabase) -> None:
    seed = random.randrange(10**6)
    before = versions_in(database)
    _, seen = asyncio.run(read_while_written(database.url, pages_by_position, EVENTS // 10, seed))
    wrong = wrong_in(seen, before, versions_in(database))
    assert any("never" in one for one in wrong), f"seed {seed}: such a cursor is to skip some"
