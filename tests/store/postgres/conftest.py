"""A database on the PostgreSQL server of all tests, for tests of this engine only."""

from collections.abc import Iterator

import pytest

from tests.postgres_database import PostgresDatabase, PostgresMaker


@pytest.fixture
def database(postgres: PostgresMaker) -> Iterator[PostgresDatabase]:
    """An empty inventory."""
    made = postgres.migrated("inventory")
    yield made
    made.drop()
