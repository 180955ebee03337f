"""A server with the console, on each engine, and people who may sign in."""

from collections.abc import Iterator

import pytest

from tests.conftest import EVERY_CASE
from tests.console.people import add_people
from tests.databases import Database, Databases
from tests.serving import Served, fill, serving


@pytest.fixture
def served(inventory: Database) -> Iterator[Served]:
    """A server with the console, a ticket for every case, and a person of every role and scope."""
    add_people(inventory)
    with serving(inventory, console="on") as running:
        yield running


@pytest.fixture(scope="module")
def shared_console(databases: Databases) -> Iterator[Served]:
    """As `served`, but shared by a module's tests: for those that change nothing."""
    database = databases.new()
    fill(database, EVERY_CASE)
    add_people(database)
    with serving(database, console="on") as running:
        yield running
