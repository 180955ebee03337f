"""A durable PostgreSQL server for the tests of bad days, each module's own."""

from collections.abc import Iterator

import pytest

from tests.durability.fault_scenarios import WatchedServer
from tests.postgres import DURABLE, NO_SERVER, installed
from tests.requirements import missing


@pytest.fixture(scope="module")
def server() -> Iterator[WatchedServer]:
    """A server that the tests may stop, kill and halt."""
    if not installed():
        missing(NO_SERVER)
    made = WatchedServer({**DURABLE, "deadlock_timeout": "100ms"})
    try:
        made.start()
        yield made
    finally:
        made.close()
