"""A server with the console, on each engine, and people who may sign in."""

from collections.abc import Iterator

import pytest

from tests.conftest import fill_with_every_case
from tests.console.people import add_people
from tests.databases import Database, Databases
from tests.serving import Served, serving


def fill_with_people(database: Database) -> None:
    """Put a ticket for every case, and a person of every role and scope, into a database."""
    fill_with_every_case(database)
    add_people(database)


@pytest.fixture
def inventory(database: Database) -> Database:
    """An inventory with a ticket for every case, and a person of every role and scope."""
    database.begin_with(fill_with_people)
    return database


@pytest.fixture
def served(inventory: Database) -> Iterator[Served]:
    """A server with the console on `inventory`."""
    with serving(inventory, console="on") as running:
        yield running


@pytest.fixture(scope="module")
def shared_console(databases: Databases) -> Iterator[Served]:
    """As `served`, but shared by a module's tests: for those that change nothing."""
    database = databases.new()
    database.begin_with(fill_with_people)
    with serving(database, console="on") as running:
        yield running
