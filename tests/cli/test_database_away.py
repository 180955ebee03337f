"""`seatlatch serve` while its database cannot be used: it listens, responds 503, and logs the
reason.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from seatlatch.wiring import engine_of
from tests.cli.supervised import UNLOCK, Supervised, make_inventory, supervised
from tests.postgres import PostgresServer
from tests.serving import make_inventory as make_file
from tests.waiting import until

CONNECTIONS = 24
RESPONSE_SECONDS_MAX = 5.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def url(server: PostgresServer) -> str:
    return make_inventory(server.url)


def reasons(service: Supervised) -> list[str]:
    """The reason in the log why the database cannot be used."""
    lines = [json.loads(line) for line in service.log().splitlines() if line.startswith("{")]
    return [line["reason"] for line in lines if line["event"] == "database" and not line["opened"]]


def test_a_worker_that_dies_while_the_database_is_away_is_replaced_and_nothing_hangs(
    server: PostgresServer, url: str
) -> None:
    with supervised(url) as service:
        old = service.workers()
        server.stop()
        try:
            os.kill(min(old), signal.SIGKILL)
            started = monotonic()
            paths = ["/livez", UNLOCK] * (CONNECTIONS // 2)
            statuses = [service.statuses(path, 1)[0] for path in paths]
            assert monotonic() - started < RESPONSE_SECONDS_MAX * CONNECTIONS
            assert statuses == [200, 503] * (CONNECTIONS // 2)
            service.new_workers(old, 1)
            until(lambda: bool(reasons(service)))
            assert service.statuses("/livez", CONNECTIONS) == [200] * CONNECTIONS
            assert service.statuses("/readyz", CONNECTIONS) == [503] * CONNECTIONS
        finally:
            server.start()
        until(lambda: service.statuses(UNLOCK, CONNECTIONS) == [422] * CONNECTIONS)
        until(lambda: service.metric("seatlatch_unready_processes") == 0)


def test_workers_start_without_a_database_and_serve_when_it_comes(
    server: PostgresServer, url: str
) -> None:
    server.stop()
    try:
        service = Supervised(url, 0)
        started = closing(service)
        service.begun()
        assert service.call(UNLOCK)[0] == 503
        assert service.call("/readyz")[0] == 503
        assert service.call("/livez")[0] == 200
        assert service.call("/v1/auth/token")[0] == 405, "POST alone"
        assert service.metric("seatlatch_unready_processes") == 2
        assert all("postgres" in reason for reason in reasons(service))
    finally:
        server.start()
    with started:
        until(lambda: service.statuses(UNLOCK, CONNECTIONS) == [422] * CONNECTIONS)


def test_a_file_that_is_made_later_is_served_then(tmp_path: Path) -> None:
    file = tmp_path / "inventory.db"
    with supervised(f"sqlite:///{file}", WORKERS="1") as service:
        assert service.call(UNLOCK)[0] == 503
        until(lambda: any("seatlatch migrate" in reason for reason in reasons(service)))
        make_file(file)
        until(lambda: service.call("/readyz")[0] == 200)
        assert service.call(UNLOCK)[0] == 401


def test_a_schema_that_the_code_does_not_know_is_reported_and_the_others_go_on(
    server: PostgresServer, url: str
) -> None:
    with supervised(url) as service:
        old = service.workers()
        make_newer(url)
        os.kill(min(old), signal.SIGKILL)
        service.new_workers(old, 1)
        until(lambda: bool(reasons(service)))
        assert "made by a newer seatlatch" in reasons(service)[0]
        statuses = set(service.statuses(UNLOCK, 3 * CONNECTIONS))
        assert statuses <= {422, 503}
        assert service.statuses("/livez", CONNECTIONS) == [200] * CONNECTIONS


def make_newer(url: str) -> None:
    """Change the database as a migration of a later version would."""
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO seatlatch.migrations (number, name) VALUES (999, 'newer')")


def test_a_malformed_url_stops_the_start(tmp_path: Path) -> None:
    with closing(Supervised("postgresql://host/base?nonsense=1", 0)) as starting:
        assert starting.process.wait(60) == 2
        (sentence,) = starting.log().splitlines()
        assert sentence.startswith("seatlatch: ")
    assert engine_of(f"sqlite:///{tmp_path / 'other.db'}").make_or_migrate("inventory")
