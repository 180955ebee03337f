"""Common parts of the benchmarks: options, inventories, batches of tickets, and measured loads."""

import argparse
import json
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.engine import Engine, Figures
from bench.load import Load, lock_request, run_load, unlock_request
from bench.postgres import postgres
from bench.serving import CREDENTIALS, Server
from bench.sqlite import sqlite

CONNECTIONS = 32
OPEN_CONNECTIONS = 128
"""The connections of an open load: more than half the peak rate ever uses."""

SIZES = (1, 10, 100)
REQUESTS_A_SECOND_MAX = 25_000
WARM_UP_SECONDS = 0.5
RESULTS = Path(__file__).parent / "results"


def parse_options(description: str) -> argparse.Namespace:
    """Parse the options of a benchmark of requests."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--workers", type=int, default=2, help="of a service, on PostgreSQL")
    parser.add_argument("--tickets", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="tokens a request")
    parser.add_argument("--no-results", action="store_true", help="write no file")
    return parser.parse_args()


@contextmanager
def made_engine(name: str, folder: Path, tickets: int, workers: int) -> Iterator[Engine]:
    """Create an engine with its inventory, and remove it at the end."""
    made = sqlite(folder, tickets) if name == "sqlite" else postgres(folder, tickets, workers)
    with made as engine:
        yield engine


class Batches(NamedTuple):
    """The tickets of an inventory in batches of one size."""

    unlocks: list[Sequence[str]]
    locks: list[Sequence[str]]

    def requests(self) -> list[bytes]:
        """Alternating unlocks and locks, as bytes on the wire."""
        return [
            request
            for unlock, lock in zip(self.unlocks, self.locks, strict=True)
            for request in (unlock_request(unlock, CREDENTIALS), lock_request(lock, CREDENTIALS))
        ]


def batches(engine: Engine, size: int, most: int) -> Batches:
    """The batches of the inventory, at most `most` of each kind."""
    listed, unlisted = engine.inventory
    return Batches(in_batches(listed, size)[:most], in_batches(unlisted, size)[:most])


def in_batches(tokens: Sequence[str], size: int) -> list[Sequence[str]]:
    """The tokens in batches of `size`, without an incomplete last batch."""
    return [tokens[at : at + size] for at in range(0, len(tokens) // size * size, size)]


def batches_for(engine: Engine, size: int, seconds: float) -> Batches:
    """More batches than a service can process in `seconds`, if the inventory has as many."""
    return batches(engine, size, int(REQUESTS_A_SECOND_MAX / 2 * seconds))


def measured(
    server: Server, engine: Engine, requests: Sequence[bytes], size: int, seconds: float
) -> Figures:
    """Run one closed load, and restore the tickets. Exits if a ticket was not changed."""
    service_before, database_before = server.processes.cpu_seconds(), engine.cpu_seconds()
    load = run_load(server.port, requests, CONNECTIONS, seconds)
    service = server.processes.cpu_seconds() - service_before
    database = engine.cpu_seconds() - database_before
    require_all_flipped(load, engine.restore(), size)
    each = 1e6 / load.requests
    return Figures(
        load.per_second,
        load.percentile_ms(50),
        load.percentile_ms(99),
        service * each,
        database * each,
    )


def warm_up(server: Server, engine: Engine) -> None:
    """Let a service prepare its connections and statements."""
    requests = batches_for(engine, 1, WARM_UP_SECONDS).requests()
    measured(server, engine, requests, 1, WARM_UP_SECONDS)


def require_all_flipped(load: Load, flipped: int, size: int) -> None:
    """Exit if a request failed or did not change all of its tickets."""
    if set(load.statuses) != {b"200"} or flipped != load.requests * size:
        raise SystemExit(f"{load.requests} requests: {load.statuses}, {flipped} tickets flipped")


def medians(rounds: Sequence[Figures]) -> dict[str, Any]:
    """The median of each figure, rounded for a result."""
    found = Figures(*(median(values) for values in zip(*rounds, strict=True)))
    return {
        "per_second": round(found.per_second),
        "p50_ms": round(found.p50_ms, 2),
        "p99_ms": round(found.p99_ms, 2),
        "service_us": round(found.service_us, 1),
        "database_us": round(found.database_us, 1),
    }


def machine() -> str:
    """The machine's processor, cores, system and Python."""
    cpu = Path("/proc/cpuinfo").read_text().partition("model name\t: ")[2].partition("\n")[0]
    cores = Path("/proc/cpuinfo").read_text().count("processor\t:")
    return f"{cpu}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def write_results(kind: str, figures: Mapping[str, Any]) -> None:
    """Write a result into its file, which has the date and the kind in its name."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-{kind}.json"
    file.write_text(json.dumps(figures, indent=2) + "\n")
    sys.stderr.write(f"Figures written to {file}\n")
