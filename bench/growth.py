"""`python -m bench.growth`: measures locks and unlocks on PostgreSQL by the size of the inventory.

Each size has a new server, first with the memory that an operator would choose, then, from
1,000,000 tickets on, with PostgreSQL's default. Each request has 100 tickets and changes all of
them, from unlocked to locked or back: scattered over the inventory, or one listing, the seats of
which have tokens in a row.

The figures are those between two checkpoints. `after_checkpoint_per_second` is one measurement
right after a checkpoint, when the first change of each page writes the whole page into the log.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench.engine import Figures, Inventory
from bench.load import lock_request, run_load, unlock_request
from bench.measuring import CONNECTIONS, in_batches, machine, medians, write_results
from bench.postgres import SEATS, PostgresEngine, options, postgres
from bench.serving import CREDENTIALS, Server, running_server

REQUESTS_A_SECOND_MAX = 4_000
MEBIBYTES = "SELECT pg_total_relation_size('seatlatch.tickets') / 1048576"
UPDATES = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'tickets'"
DEFAULT_MEBIBYTES = 128
"""PostgreSQL's default of shared_buffers."""

LARGE_TICKETS = 1_000_000


def main() -> None:
    """Measure, print, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sizes = (10_000, 100_000, 1_000_000, 10_000_000)
    parser.add_argument("--tickets", type=int, nargs="+", default=sizes)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--no-results", action="store_true", help="write no file")
    given = parser.parse_args()
    measured = [row for tickets in given.tickets for row in measure(tickets, given)]
    for row in measured:
        first = next(one for one in measured if one["order"] == row["order"])
        row["of_the_first"] = round(row["per_second"] / first["per_second"], 3)
    figures = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "database": {name: value for name, value in options().items() if name != "shared_buffers"},
        "tokens": SEATS,
        "connections": CONNECTIONS,
        "workers": given.workers,
        "rounds": given.rounds,
        "seconds": given.seconds,
        "sizes": measured,
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if not given.no_results:
        write_results("growth-postgres", figures)


def measure(tickets: int, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Measure the figures of one size, with each amount of memory."""
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        with postgres(folder, tickets, given.workers) as engine:
            yield from measure_orders(engine, folder, tickets, given)
            if tickets >= LARGE_TICKETS:
                engine.restart(DEFAULT_MEBIBYTES)
                yield from measure_orders(engine, folder, tickets, given)


def measure_orders(
    engine: PostgresEngine, folder: Path, tickets: int, given: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Measure with tickets that are scattered, and with listings."""
    orders = {"scattered": engine.inventory, "one listing": engine.blocks}
    buffers, table = memory_mebibytes(engine)
    with running_server(engine.url, folder, given.workers) as server:
        for order, inventory in orders.items():
            sys.stderr.write(f"{tickets:,} tickets, shared_buffers {buffers} MiB, {order}\n")
            flips = Flips(engine, inventory)
            engine.touch()
            flips.measure(server, given.seconds / 2)  # fills the memory
            updates_before = updates(engine)
            rounds = [flips.measure(server, given.seconds) for _ in range(given.rounds)]
            all_updates, hot_updates = (
                now - then for now, then in zip(updates(engine), updates_before, strict=True)
            )
            engine.checkpoint()
            after_checkpoint = flips.measure(server, given.seconds)
            engine.restore()
            yield {
                "tickets": tickets,
                "mebibytes": table,
                "shared_buffers_mebibytes": buffers,
                "order": order,
                **medians(rounds),
                "hot_updates": round(hot_updates / max(1, all_updates), 2),
                "after_checkpoint_per_second": round(after_checkpoint.per_second),
            }


def memory_mebibytes(engine: PostgresEngine) -> tuple[int, int]:
    """The size of shared_buffers, and of the table with its indexes."""
    with psycopg.connect(engine.url) as connection:
        size = "SELECT setting::bigint / 128 FROM pg_settings WHERE name = 'shared_buffers'"
        ((buffers,),) = connection.execute(size.encode()).fetchall()
        ((table,),) = connection.execute(MEBIBYTES.encode()).fetchall()
    return int(buffers), int(table)


def updates(engine: PostgresEngine) -> tuple[int, int]:
    """The updates of tickets so far, and how many of them changed no index."""
    with psycopg.connect(engine.url) as connection:
        ((every, hot),) = connection.execute(UPDATES.encode()).fetchall()
    return int(every), int(hot)


class Flips:
    """Requests that cycle through the whole inventory and change every ticket."""

    def __init__(self, engine: PostgresEngine, inventory: Inventory) -> None:
        self._engine = engine
        self._batches: list[tuple[bool, Sequence[str]]] = [
            batch
            for pair in zip(
                in_batches(inventory.listed, SEATS),
                in_batches(inventory.unlisted, SEATS),
                strict=True,
            )
            for batch in ((True, pair[0]), (False, pair[1]))
        ]
        self._next = 0

    def measure(self, server: Server, seconds: float) -> Figures:
        """Run a load for `seconds`. Exits if a request did not change all of its tickets."""
        most = int(seconds * REQUESTS_A_SECOND_MAX)
        requests = [self._request(number) for number in range(self._next, self._next + most)]
        changes = self._engine.changes()
        service, database = server.processes.cpu_seconds(), self._engine.cpu_seconds()
        load = run_load(server.port, requests, CONNECTIONS, seconds)
        service = server.processes.cpu_seconds() - service
        database = self._engine.cpu_seconds() - database
        flipped = self._engine.changes() - changes
        if set(load.statuses) != {b"200"} or flipped != load.requests * SEATS:
            raise SystemExit(f"{load.requests} requests: {load.statuses}, {flipped} flipped")
        self._next += load.requests
        self._engine.vacuum()
        p50_ms, p99_ms = load.percentile_ms(50), load.percentile_ms(99)
        each = 1e6 / load.requests
        return Figures(load.per_second, p50_ms, p99_ms, service * each, database * each)

    def _request(self, number: int) -> bytes:
        turn, at = divmod(number, len(self._batches))
        listed, tokens = self._batches[at]
        make = unlock_request if listed == (turn % 2 == 0) else lock_request
        return make(tokens, CREDENTIALS)


if __name__ == "__main__":
    main()
