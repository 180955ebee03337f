"""A durable PostgreSQL server for the tests of bad days, each module's own."""

from collections.abc import Iterator

import pytest

from tests.durability.bad_day import WatchedServer
from tests.missing import missing
from tests.postgres import DURABLE, NO_SERVER, installed


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
