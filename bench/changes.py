"""`make bench ENGINE=...`: compares unlocks and locks over HTTP with the bare database.

The service gets requests over 32 keep-alive connections from another process: half unlocks, half
locks, with credentials, limits, log and metrics on. Every request changes all of its tickets. The
baseline makes the same changes without the service, in one transaction each: a loop in one process
on SQLite, pgbench with 32 clients on PostgreSQL. Both use the same table and alternate; the figures
are medians. Between rounds every ticket is restored, outside of the timing.
"""

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.engine import Engine, Turn
from bench.load import Load, lock_request, run_load, run_open_load, unlock_request
from bench.postgres import postgres
from bench.serving import CREDENTIALS, Server, running_server
from bench.sqlite import sqlite

CONNECTIONS = 32
OPEN_CONNECTIONS = 128
"""The connections of an open load: more than half the peak rate ever uses."""

SIZES = (1, 10, 100)
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure, print the table, write the figures."""
    options = parse_options(__doc__)
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        with made_engine(options.engine, folder, options.tickets, options.workers) as engine:
            figures = measure(engine, folder, options)
    show(figures)
    if not options.no_results:
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-changes-{options.engine}.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")
        sys.stderr.write(f"Figures written to {file.relative_to(Path.cwd())}\n")


def parse_options(description: str) -> argparse.Namespace:
    """Parse the options of a benchmark of requests."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--workers", type=int, default=2, help="of seatlatch, on PostgreSQL")
    parser.add_argument("--tickets", type=int, default=1_000_000)
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


def measure(engine: Engine, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measure all figures of one run."""
    with (
        running_server(engine.url, folder, engine.workers) as server,
        Progress(console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task("measuring", total=len(options.sizes) * options.rounds)
        summaries = []
        for size in options.sizes:
            measured = Rounds(size)
            for _ in range(options.rounds):
                measure_round(server, engine, measured, options.seconds)
                progress.advance(task)
            summaries.append(summary(measured, open_load(server, engine, measured)))
        memory = server.processes.resident_mebibytes()
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "engine": engine.name,
        "baseline": engine.baseline_name,
        "workers": engine.workers,
        "tickets": options.tickets,
        "connections": CONNECTIONS,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "start_seconds": server.start_seconds,
        "resident_mebibytes": memory,
        "sizes": summaries,
    }


class Rounds:
    """The measurements with requests of one size. `cpu` is in seconds for 1,000 requests."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.ours: list[Load] = []
        self.baselines: list[float] = []
        self.server_cpu: list[float] = []
        self.database_cpu: list[float] = []

    @property
    def per_second(self) -> float:
        """The service's requests a second."""
        return median(load.per_second for load in self.ours)


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


def measure_round(server: Server, engine: Engine, measured: Rounds, seconds: float) -> None:
    """Measure the service, then the baseline."""
    made = batches(engine, measured.size, int(12_500 * seconds))
    requests = made.requests()
    server_before, database_before = server.processes.cpu_seconds(), engine.cpu_seconds()
    load = run_load(server.port, requests, CONNECTIONS, seconds)
    thousands = load.requests / 1000
    measured.server_cpu.append((server.processes.cpu_seconds() - server_before) / thousands)
    measured.database_cpu.append((engine.cpu_seconds() - database_before) / thousands)
    measured.ours.append(load)
    require_all_flipped(load, engine.restore(), measured.size)
    turn = Turn(made.unlocks, made.locks, measured.size, seconds)
    measured.baselines.append(engine.baseline(turn))
    engine.restore()


def open_load(server: Server, engine: Engine, measured: Rounds) -> Load:
    """Run an open load at half of the measured rate."""
    rate = measured.per_second / 2
    made = batches(engine, measured.size, int(rate * measured.ours[0].seconds / 2))
    load = run_open_load(server.port, made.requests(), OPEN_CONNECTIONS, rate)
    require_all_flipped(load, engine.restore(), measured.size)
    return load


def require_all_flipped(load: Load, flipped: int, size: int) -> None:
    """Exit if a request failed or did not change all of its tickets."""
    if set(load.statuses) != {b"200"} or flipped != load.requests * size:
        raise SystemExit(f"{load.requests} requests: {load.statuses}, {flipped} tickets flipped")


def summary(measured: Rounds, opened: Load) -> dict[str, Any]:
    """The medians of one request size."""
    ours, baselines = measured.ours, measured.baselines
    ratios = [load.per_second / base for load, base in zip(ours, baselines, strict=True)]
    return {
        "tokens": measured.size,
        "ours_per_second": round(measured.per_second),
        "baseline_per_second": round(median(baselines)),
        "ratio": round(median(ratios), 2),
        "flips_per_second": round(measured.per_second * measured.size),
        "p50_ms": round(median(load.percentile_ms(50) for load in ours), 2),
        "p99_ms": round(median(load.percentile_ms(99) for load in ours), 2),
        "half_rate_p99_ms": round(opened.percentile_ms(99), 2),
        "server_cpu_seconds_per_1000_requests": round(median(measured.server_cpu), 4),
        "database_cpu_seconds_per_1000_requests": round(median(measured.database_cpu), 4),
    }


def machine() -> str:
    """The machine's processor, cores, system and Python."""
    cpu = Path("/proc/cpuinfo").read_text().partition("model name\t: ")[2].partition("\n")[0]
    cores = Path("/proc/cpuinfo").read_text().count("processor\t:")
    return f"{cpu}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    title = f"{figures['machine']}, {figures['tickets']:,} tickets, {figures['engine']}"
    table = Table(title=f"{title}, workers: {figures['workers']}")
    names = ("tokens", "ours/s", f"{figures['baseline']}/s", "ratio", "flips/s", "p50 ms", "p99 ms")
    for name in (*names, "half rate p99 ms", "server CPU s/1000", "database CPU s/1000"):
        table.add_column(name, justify="right")
    for size in figures["sizes"]:
        table.add_row(*(str(value) for value in size.values()))
    console = Console(width=130)
    console.print(table)
    console.print(
        f"start to first response {figures['start_seconds']:.2f} s,"
        f" resident {figures['resident_mebibytes']:.0f} MiB"
    )


if __name__ == "__main__":
    main()
