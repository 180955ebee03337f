"""`python -m bench.distributed --database URL ...`: measures changes on a Citus cluster.

Each URL is a database on a coordinator, distributed by `seatlatch migrate --distribute`, or one of
PostgreSQL alone to compare with. It must have no tickets yet, and all nodes must run on this
machine: the figures are processor time, of one worker of seatlatch and of the databases of all
nodes. Half of the requests unlock, half lock, and each changes all of its tickets.

The tasks of a statement are the statements that Citus sends to shards for it.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import psycopg

from bench.measuring import batches_for, machine, measured, medians, warm_up, write_results
from bench.postgres import PostgresEngine
from bench.serving import CHANNEL, Processes, running_server
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.distribution import HAS_CITUS, routed
from seatlatch.store.postgres.tickets import CHANGE_MPRESERVE

NODES = "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid <> 0"
SHARDS = """
SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = 'seatlatch.tickets'::regclass
"""
SAMPLES = 20
SIZES = (1, 10, 100)


class Cluster:
    """All nodes of a cluster on this machine, or one PostgreSQL server."""

    def __init__(self, url: str) -> None:
        self._url = url
        address = Address.of(url).given
        urls = [url]
        self.shards = 0
        with psycopg.connect(url) as connection:
            ((has_citus,),) = connection.execute(HAS_CITUS.encode()).fetchall()
            if has_citus:
                ((self.shards,),) = connection.execute(SHARDS.encode()).fetchall()
                nodes = connection.execute(NODES.encode()).fetchall()
                urls += [
                    psycopg.conninfo.make_conninfo(**{**address, "host": host, "port": port})
                    for host, port in nodes
                ]
        self.workers = len(urls) - 1
        self._processes = [Processes(_server_pid(one)) for one in urls]
        self.pid = self._processes[0].pid

    def url(self, _database: str) -> str:
        """The URL that was given."""
        return self._url

    def cpu_seconds(self) -> float:
        """The processor time of all nodes."""
        return sum(processes.cpu_seconds() for processes in self._processes)


class ClusterEngine(PostgresEngine):
    """See `bench.engine.Engine`."""

    def __init__(self, cluster: Cluster, folder: Path, tickets: int) -> None:
        self._cluster = cluster
        super().__init__(cluster, folder, tickets, workers=1)

    def cpu_seconds(self) -> float:
        """The processor time of all nodes."""
        return self._cluster.cpu_seconds()


def main() -> None:
    """Measure, print, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", nargs="+", required=True, help="URLs")
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--no-results", action="store_true", help="write no file")
    given = parser.parse_args()
    figures = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "tickets": given.tickets,
        "rows": [row for url in given.database for row in measure(url, given)],
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if not given.no_results:
        write_results("distributed", figures)


def measure(url: str, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Measure each size of a request on one database."""
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        cluster = Cluster(url)
        engine = ClusterEngine(cluster, folder, given.tickets)
        for size in SIZES:
            tasks = tasks_of_a_change(engine, size) if cluster.shards else 1
            with running_server(url, folder, workers=1) as server:
                warm_up(server, engine)
                batches = batches_for(engine, size, given.seconds).requests()
                rounds = [
                    measured(server, engine, batches, size, given.seconds)
                    for _ in range(given.rounds)
                ]
            yield {
                "workers": cluster.workers,
                "shards": cluster.shards,
                "size": size,
                "tasks": round(tasks, 1),
                **medians(rounds),
            }


def tasks_of_a_change(engine: PostgresEngine, size: int) -> float:
    """How many shards the lock of `size` tickets goes to, the mean of some samples."""
    chance = random.Random(size)
    sql = f"EXPLAIN (FORMAT JSON) {routed(CHANGE_MPRESERVE)}".encode()
    found = []
    with psycopg.RawCursor(psycopg.connect(engine.url)) as cursor:
        for _ in range(SAMPLES):
            tokens = chance.sample(engine.inventory.listed, size)
            values = [tokens, [1] * size, [1] * size, [True], [CHANNEL], *[[None]] * 5, []]
            (plan,) = cursor.execute(sql, values).fetchall()[0]
            found.append(plan[0]["Plan"]["Distributed Query"]["Job"]["Task Count"])
        cursor.connection.close()
    return fmean(found)


def _server_pid(url: str) -> int:
    """The process that has started the session's."""
    with psycopg.connect(url) as connection:
        status = Path(f"/proc/{connection.info.backend_pid}/stat").read_text()
    return int(status.rpartition(")")[2].split()[1])


if __name__ == "__main__":
    main()
