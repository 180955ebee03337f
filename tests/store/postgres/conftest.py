"""A database on the PostgreSQL server of all tests, for what no other engine can be asked."""

from collections.abc import Iterator

import pytest

from tests.postgres_database import PostgresDatabase, PostgresMaker


@pytest.fixture
def database(postgres: PostgresMaker) -> Iterator[PostgresDatabase]:
    """An inventory with nothing in it."""
    made = postgres.migrated("inventory")
    yield made
    made.drop()
