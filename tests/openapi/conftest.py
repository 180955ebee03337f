"""A server on a fresh sandbox's data, on each engine."""

from collections.abc import Iterator

import pytest

from seatlatch.sandbox.data import fill
from tests.databases import Database, Databases
from tests.serving import Served, serving


@pytest.fixture
def sandbox_database(databases: Databases) -> Database:
    """A fresh sandbox's database."""
    database = databases.new("sandbox")
    with database.provisioning() as provisioning:
        provisioning.do(fill)
    return database


@pytest.fixture
def sandbox(sandbox_database: Database) -> Iterator[Served]:
    """A server on it, as `seatlatch serve` has one."""
    with serving(sandbox_database) as running:
        yield running
