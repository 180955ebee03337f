"""`python -m bench.growth`: measures unlocks on PostgreSQL with inventories of several sizes.

Each size has a new server. Each request has 100 random tickets and changes all of them, from
unlocked to locked or back.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench.load import Load, lock_request, run_load, unlock_request
from bench.measuring import CONNECTIONS, RESULTS, in_batches, machine
from bench.postgres import PostgresEngine, postgres
from bench.serving import CREDENTIALS, running_server

TOKENS = 100
REQUESTS_A_SECOND_MAX = 2_000
MEBIBYTES = "SELECT pg_total_relation_size('seatlatch.tickets') / 1048576"


def main() -> None:
    """Measure, print, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sizes = (10_000, 100_000, 1_000_000, 10_000_000)
    parser.add_argument("--tickets", type=int, nargs="+", default=sizes)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    measured = [measure(tickets, options) for tickets in options.tickets]
    for size in measured:
        size["of_the_first"] = size["requests_per_second"] / measured[0]["requests_per_second"]
    figures = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "connections": CONNECTIONS,
        "workers": options.workers,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "sizes": measured,
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if not options.no_results:
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-growth-postgres.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")


def measure(tickets: int, options: argparse.Namespace) -> dict[str, Any]:
    """Measure the figures of one size."""
    sys.stderr.write(f"{tickets:,} tickets\n")
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        with (
            postgres(folder, tickets, options.workers) as engine,
            running_server(engine.url, folder, options.workers) as server,
        ):
            flips = Flips(engine)
            loads = [flips.load(server.port, options.seconds) for _ in range(options.rounds)]
            with psycopg.connect(engine.url) as connection:
                row = connection.execute(MEBIBYTES).fetchone()
    assert row
    return {
        "tickets": tickets,
        "requests_per_second": round(median(load.per_second for load in loads)),
        "p50_ms": round(median(load.percentile_ms(50) for load in loads), 2),
        "p99_ms": round(median(load.percentile_ms(99) for load in loads), 2),
        "mebibytes": int(row[0]),
    }


class Flips:
    """Requests that cycle through the whole inventory and change every ticket."""

    def __init__(self, engine: PostgresEngine) -> None:
        self._engine = engine
        self._batches: list[tuple[bool, Sequence[str]]] = [
            batch
            for pair in zip(
                in_batches(engine.inventory.listed, TOKENS),
                in_batches(engine.inventory.unlisted, TOKENS),
                strict=True,
            )
            for batch in ((True, pair[0]), (False, pair[1]))
        ]
        self._next = 0

    def load(self, port: int, seconds: float) -> Load:
        """Run a load for `seconds`. Exits if a request did not change all of its tickets."""
        most = int(seconds * REQUESTS_A_SECOND_MAX)
        requests = [self._request(number) for number in range(self._next, self._next + most)]
        before = self._engine.changes()
        load = run_load(port, requests, CONNECTIONS, seconds)
        flipped = self._engine.changes() - before
        if set(load.statuses) != {b"200"} or flipped != load.requests * TOKENS:
            raise SystemExit(f"{load.requests} requests: {load.statuses}, {flipped} flipped")
        self._next += load.requests
        self._engine.tidy()
        return load

    def _request(self, number: int) -> bytes:
        turn, at = divmod(number, len(self._batches))
        listed, tokens = self._batches[at]
        make = unlock_request if listed == (turn % 2 == 0) else lock_request
        return make(tokens, CREDENTIALS)


if __name__ == "__main__":
    main()
