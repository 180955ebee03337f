"""A foreign ticket causes the same statements as one that does not exist, on SQLite."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx
import pytest

from seatlatch.store.interface import Store
from seatlatch.store.sqlite.store import SqliteStore
from tests.channel_api.test_tenants import FOREIGN, ROUTES, UNKNOWN, list_for_both, make_tenants
from tests.databases import Database
from tests.serving import Served, serving

pytestmark = pytest.mark.only_on("sqlite")


class Noted(NamedTuple):
    """A server with two tenants, each with a listing, and the statements that it runs, except
    those on credentials, whose confirmation depends only on time.
    """

    served: Served
    statements: list[str]

    def run_for(self, ask: Callable[[Served, str], httpx.Response], token: str) -> list[str]:
        """The statements of a call that finds no ticket."""
        before = len(self.statements)
        assert ask(self.served, token).status_code == 422
        return self.statements[before:]


@pytest.fixture
def noted(database: Database) -> Iterator[Noted]:
    make_tenants(database)
    statements: list[str] = []

    def note(_cursor: object, sql: str, _bindings: object) -> bool:
        if "credentials_version" not in sql:
            statements.append(sql)
        return True

    def traced(store: Store) -> Store:
        assert isinstance(store, SqliteStore)
        for connection in (store._writer, store._reader):
            connection.exec_trace = note
        return store

    with serving(database, around=traced) as served:
        list_for_both(served)
        yield Noted(served, statements)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("token", FOREIGN)
def test_the_same_is_run_for_both(noted: Noted, route: str, token: str) -> None:
    run_for_foreign = noted.run_for(ROUTES[route], token)
    assert run_for_foreign == noted.run_for(ROUTES[route], UNKNOWN)
    assert len(run_for_foreign) >= 3
