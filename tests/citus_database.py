"""A test's database on a Citus cluster, whose tickets are distributed over its workers.

SEATLATCH_TEST_CITUS_URL is the URL of a database on the coordinator that knows the workers. Its
user makes databases on all of them, by the same name and with the same password.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from seatlatch.store.interface import DatabaseUse
from seatlatch.wiring import engine_of
from tests.databases import Work
from tests.postgres import server_url
from tests.postgres_database import (
    END_CONNECTIONS,
    MAINTENANCE,
    PostgresDatabase,
    PostgresMaker,
)

ENVIRONMENT_URL = "SEATLATCH_TEST_CITUS_URL"
WORKERS = "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid <> 0 ORDER BY 1, 2"
APART = "SET citus.enable_create_database_propagation = off"
"""Each node makes its own copy."""


class CitusDatabase(PostgresDatabase):
    """A database on the coordinator, with one of the same name on each worker."""

    nodes: "Nodes"

    def drop(self) -> None:
        if self._make:
            return
        self._disconnect()
        self.nodes.close(self.database)
        self.nodes.execute_everywhere(f"DROP DATABASE {self.database}")


class Nodes:
    """A cluster: the coordinator and its workers, by their addresses."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.coordinator = urlsplit(url)
        with psycopg.connect(url) as connection:
            self.workers: list[tuple[str, int]] = connection.execute(WORKERS).fetchall()

    def url(self, database: str) -> str:
        """The URL of one of the coordinator's databases."""
        return self.coordinator._replace(path=f"/{database}").geturl()

    def url_of_worker(self, worker: tuple[str, int], database: str) -> str:
        """The same on a worker."""
        user, at, _ = self.coordinator.netloc.rpartition("@")
        netloc = f"{user}{at}{worker[0]}:{worker[1]}"
        return self.coordinator._replace(netloc=netloc, path=f"/{database}").geturl()

    def execute_on_workers(self, *statements: str, database: str = MAINTENANCE) -> None:
        """Run statements on each worker."""
        for worker in self.workers:
            execute(self.url_of_worker(worker, database), *statements)

    def execute_everywhere(self, *statements: str, database: str = MAINTENANCE) -> None:
        """Run statements on the coordinator and on each worker."""
        execute(self.url(database), *statements)
        self.execute_on_workers(*statements, database=database)

    def close(self, database: str) -> None:
        """End all sessions of a database, and let no new one in: Citus keeps some, and with them it
        can be neither copied nor dropped.
        """
        self.execute_everywhere(
            f"ALTER DATABASE {database} ALLOW_CONNECTIONS false",
            END_CONNECTIONS.replace("%s", f"'{database}'"),
        )

    def connect(self, database: str) -> None:
        """Make a cluster of the databases of this name."""
        self.execute_everywhere("CREATE EXTENSION citus", database=database)
        host, port = self.coordinator.hostname, self.coordinator.port
        adding = [f"SELECT citus_add_node('{host}', {port})" for host, port in self.workers]
        execute(self.url(database), f"SELECT citus_set_coordinator_host('{host}', {port})", *adding)


class CitusMaker(PostgresMaker):
    """Copies databases as `PostgresMaker` does, on all nodes. Copies are distributed as well."""

    def __init__(self, url: str) -> None:
        self._nodes = Nodes(url)
        super().__init__(self._nodes.url)

    def unmade(self, use: DatabaseUse) -> PostgresDatabase:
        name = self._new_name()
        self._template(use)
        made = CitusDatabase(self._url_of, name, use, lambda work: self._copy(name, use, work))
        made.nodes = self._nodes
        return made

    def _template(self, use: DatabaseUse, work: Work | None = None) -> PostgresDatabase:
        is_new = (use, work) not in self._templates
        template = super()._template(use, work)
        if is_new:
            template._disconnect()
            self._nodes.close(template.database)
        return template

    def _migrate(self, made: PostgresDatabase, use: DatabaseUse) -> None:
        self._nodes.connect(made.database)
        super()._migrate(made, use)
        engine_of(made.url).distribute()

    def _created(self, name: str, use: DatabaseUse, options: str) -> PostgresDatabase:
        self._nodes.execute_everywhere(APART, f"CREATE DATABASE {name} {options}")
        made = CitusDatabase(self._url_of, name, use)
        made.nodes = self._nodes
        return made


@contextmanager
def postgres_maker() -> Iterator[PostgresMaker]:
    """Makes databases on the cluster if there is one, else on a PostgreSQL server."""
    cluster = os.environ.get(ENVIRONMENT_URL)
    if cluster:
        maker: PostgresMaker = CitusMaker(cluster)
        yield maker
        maker.close()
        return
    with server_url() as url_of:
        maker = PostgresMaker(url_of)
        yield maker
        maker.close()


def execute(url: str, *statements: str) -> None:
    """Run statements on one node, each in a transaction of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        for sql in statements:
            connection.execute(sql.encode())
