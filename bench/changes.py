"""`make bench ENGINE=...`: compares locks and unlocks over HTTP with two other ways to make them.

The first is the small service that a user would write, see `bench.peers`. The second is the bare
database: pgbench with 32 clients on PostgreSQL, a loop in one process on SQLite, one transaction
for each request. Both services get requests over 32 keep-alive connections from another process:
half unlocks, half locks. All use the same table and alternate. Every request changes all of its
tickets; after each measurement every ticket is restored. The figures are medians.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.engine import Engine, Figures, Turn
from bench.load import run_open_load
from bench.measuring import (
    CONNECTIONS,
    OPEN_CONNECTIONS,
    batches_for,
    machine,
    made_engine,
    measured,
    medians,
    parse_options,
    require_all_flipped,
    warm_up,
    write_results,
)
from bench.serving import Server, running_peer, running_server
from bench.tables import BASELINE, COLUMNS, ONE_WORKER, OURS, PEER, rows, settings


def main() -> None:
    """Measure, print the table, write the figures."""
    options = parse_options(__doc__)
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        with made_engine(options.engine, folder, options.tickets, options.workers) as engine:
            figures = measure(engine, folder, options)
    show(figures)
    if not options.no_results:
        write_results(f"changes-{options.engine}", figures)


def measure(engine: Engine, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measure all figures of one run."""
    with (
        running_services(engine, folder) as services,
        Progress(console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task("measuring", total=len(options.sizes) * options.rounds)
        for server in services.values():
            warm_up(server, engine)
        sizes = []
        for size in options.sizes:
            ways = Ways(engine, services, size, options.seconds)
            for number in range(options.rounds):
                ways.measure_round(number)
                progress.advance(task)
            sizes.append(ways.summary())
        ours = services[OURS]
        memory = ours.processes.resident_mebibytes()
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "engine": engine.name,
        "database": engine.settings(),
        "baseline": engine.baseline_name,
        "peer": engine.peer_name,
        "workers": engine.workers,
        "tickets": options.tickets,
        "connections": CONNECTIONS,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "start_seconds": round(ours.start_seconds, 2),
        "resident_mebibytes": round(memory),
        "sizes": sizes,
    }


@contextmanager
def running_services(engine: Engine, folder: Path) -> Iterator[Mapping[str, Server]]:
    """Start the services by name."""
    with ExitStack() as stack:
        services = {
            PEER: stack.enter_context(running_peer(engine.url, folder, engine.workers)),
            OURS: stack.enter_context(running_server(engine.url, folder, engine.workers)),
        }
        if engine.workers > 1:
            services[ONE_WORKER] = stack.enter_context(running_server(engine.url, folder))
        yield services


class Ways:
    """All ways to make the changes in requests of one size."""

    def __init__(
        self, engine: Engine, services: Mapping[str, Server], size: int, seconds: float
    ) -> None:
        self._engine = engine
        self._services = services
        self._size = size
        self._seconds = seconds
        self._batches = batches_for(engine, size, seconds)
        self._requests = self._batches.requests()
        self._rounds: dict[str, list[Figures]] = {name: [] for name in (*services, BASELINE)}
        self._open_p99_ms: list[float] = []

    def measure_round(self, number: int) -> None:
        """Measure every way once. Each round begins with another one."""
        names = list(self._rounds)
        start = number % len(names)
        for name in names[start:] + names[:start]:
            self._rounds[name].append(self._way(name))
        self._open_p99_ms.append(self._half_rate_p99_ms())

    def _way(self, name: str) -> Figures:
        if name != BASELINE:
            server = self._services[name]
            return measured(server, self._engine, self._requests, self._size, self._seconds)
        figures = self._engine.baseline(Turn(*self._batches, self._size, self._seconds))
        self._engine.restore()
        return figures

    def _half_rate_p99_ms(self) -> float:
        """Measure p99 of an open load at half of the rate."""
        rate = median(one.per_second for one in self._rounds[OURS]) / 2
        requests = self._requests[: int(rate * self._seconds)]
        load = run_open_load(self._services[OURS].port, requests, OPEN_CONNECTIONS, rate)
        require_all_flipped(load, self._engine.restore(), self._size)
        return load.percentile_ms(99)

    def summary(self) -> dict[str, Any]:
        """The medians, and the medians of the ratios in a round."""
        ways = {name: medians(rounds) for name, rounds in self._rounds.items()}
        ways[OURS]["half_rate_p99_ms"] = round(median(self._open_p99_ms), 2)
        single = ONE_WORKER if ONE_WORKER in self._rounds else OURS
        return {
            "tokens": self._size,
            "ways": ways,
            "per_second_to_peer": self._ratio(OURS, PEER, rate),
            "per_second_to_baseline": self._ratio(OURS, BASELINE, rate),
            "cpu_to_baseline": self._ratio(single, BASELINE, cpu_us),
        }

    def _ratio(self, one: str, other: str, figure: Callable[[Figures], float]) -> float:
        pairs = zip(self._rounds[one], self._rounds[other], strict=True)
        return round(median(figure(first) / figure(second) for first, second in pairs), 2)


def rate(figures: Figures) -> float:
    """The requests a second."""
    return figures.per_second


def cpu_us(figures: Figures) -> float:
    """The processor time."""
    return figures.cpu_us


def show(figures: Mapping[str, Any]) -> None:
    """Print the tables."""
    title = f"{figures['machine']}, {figures['tickets']:,} tickets, {figures['engine']}"
    table = Table(title=f"{title}, workers: {figures['workers']}")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for row in rows(figures):
        table.add_row(*row)
    console = Console(width=130)
    console.print(table)
    for size in figures["sizes"]:
        console.print(
            f"{size['tokens']} tokens: requests/s {size['per_second_to_peer']} of"
            f" {figures['peer']}, {size['per_second_to_baseline']} of {figures['baseline']};"
            f" processor time with 1 worker {size['cpu_to_baseline']} of {figures['baseline']}"
        )
    console.print(
        f"start to first response {figures['start_seconds']} s,"
        f" resident {figures['resident_mebibytes']} MiB; {settings(figures['database'])}"
    )


if __name__ == "__main__":
    main()
