"""Fixtures that several rooms' tests share, and on which engines the tests run."""

from collections.abc import Iterator

import pytest

from seatlatch.store.interface import NewTicket
from tests.databases import ENGINES, Database, Databases, EngineName, Maker
from tests.postgres import server_url
from tests.postgres_database import PostgresMaker
from tests.serving import (
    FOREIGN_ORGANIZATION,
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    Served,
    fill,
    listed,
    serving,
)
from tests.sqlite_database import SqliteMaker

EVERY_CASE = (
    listed("listed-1"),
    listed("listed-2"),
    NewTicket("not-listed", ORGANIZATION, OWNER),
    NewTicket("voided", ORGANIZATION, OWNER, voided=True),
    NewTicket("voided-and-locked", ORGANIZATION, OWNER, voided=True, seat_status="LOCK"),
    NewTicket("locked", ORGANIZATION, OWNER, seat_status="LOCK"),
    listed("locked-and-listed")._replace(seat_status="LOCK"),
    listed("listed-elsewhere", OTHER_CHANNEL),
    NewTicket("foreign", FOREIGN_ORGANIZATION, OWNER),
    NewTicket("foreign-voided", FOREIGN_ORGANIZATION, OWNER, voided=True),
    NewTicket("foreign-locked", FOREIGN_ORGANIZATION, OWNER, seat_status="LOCK"),
)
"""A ticket for every row of the contract's table of outcomes; "unknown" does not exist."""


def pytest_configure(config: pytest.Config) -> None:
    """Register our marker."""
    config.addinivalue_line("markers", "only_on(engine): what only this engine can be asked")


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that asks for a database runs on every engine."""
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", ENGINES, indirect=True, scope="module")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """But for what only one engine can be asked."""
    others = [item for item in items if not _is_for_its_engine(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


def _is_for_its_engine(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    engine = callspec.params.get("engine") if callspec else None
    return engine is None or all(engine in mark.args for mark in item.iter_markers("only_on"))


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> EngineName:
    """The engine of a test's databases."""
    found: EngineName = request.param
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresMaker]:
    """A PostgreSQL server, and what is copied there for each test."""
    with server_url() as url_of:
        maker = PostgresMaker(url_of)
        yield maker
        maker.close()


@pytest.fixture(scope="module")
def databases(
    engine: EngineName, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    """Makes databases on the engine, which last as long as the module's tests run on it."""
    if engine == "sqlite":
        maker: Maker = SqliteMaker(tmp_path_factory)
    else:
        maker = request.getfixturevalue("postgres")
    databases = Databases(maker)
    yield databases
    databases.close()


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    """An inventory with nothing in it."""
    database = databases.new()
    yield database
    databases.drop(database)


@pytest.fixture
def inventory(database: Database) -> Database:
    """An inventory with a ticket for every case."""
    fill(database, EVERY_CASE)
    return database


@pytest.fixture
def served(inventory: Database) -> Iterator[Served]:
    """A server on a fresh database with a ticket for every case."""
    with serving(inventory) as running:
        yield running


@pytest.fixture(scope="module")
def shared(databases: Databases) -> Iterator[Served]:
    """As `served`, but shared by a module's tests: for those that change nothing."""
    database = databases.new()
    fill(database, EVERY_CASE)
    with serving(database) as running:
        yield running
