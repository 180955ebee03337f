"""`python -m bench.journal --engine ...`: measures the cost of the journal.

Two servers alternate on one inventory: seatlatch, and seatlatch without its journal. The load is
that of `bench.changes`. The figures are medians of the rounds, and of the ratios of adjacent
rounds.
"""

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.engine import Engine, Figures
from bench.measuring import (
    CONNECTIONS,
    batches_for,
    machine,
    made_engine,
    measured,
    parse_options,
    write_results,
)
from bench.serving import running_server

CPU = ("with CPU us", "without CPU us")
MODULES = {"with": "seatlatch", "without": "bench.unrecorded"}


def main() -> None:
    """Measure, print the table, write the figures."""
    options = parse_options(__doc__)
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        with made_engine(options.engine, folder, options.tickets, options.workers) as engine:
            sizes = measure(engine, folder, options)
    figures = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "engine": engine.name,
        "workers": engine.workers,
        "tickets": options.tickets,
        "connections": CONNECTIONS,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "sizes": sizes,
    }
    show(figures)
    if not options.no_results:
        write_results(f"journal-{options.engine}", figures)


def measure(engine: Engine, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure the figures of each size."""
    found = []
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("measuring", total=len(options.sizes) * options.rounds)
        for size in options.sizes:
            loads: dict[str, list[Figures]] = {name: [] for name in MODULES}
            for number in range(options.rounds):
                order = list(MODULES) if number % 2 else list(reversed(MODULES))
                for name in order:
                    loads[name].append(one_load(engine, folder, size, options.seconds, name))
                progress.advance(task)
            found.append(summary(size, loads["with"], loads["without"]))
    return found


def one_load(engine: Engine, folder: Path, size: int, seconds: float, name: str) -> Figures:
    """Run one load on a new server, whose first requests warm it up."""
    requests = batches_for(engine, size, seconds).requests()
    with running_server(engine.url, folder, engine.workers, MODULES[name]) as server:
        return measured(server, engine, requests, size, seconds)


def summary(size: int, recorded: list[Figures], unrecorded: list[Figures]) -> dict[str, Any]:
    """The medians of one request size."""
    ratios = [
        one.per_second / other.per_second for one, other in zip(recorded, unrecorded, strict=True)
    ]
    return {
        "tokens": size,
        "with_per_second": round(median(one.per_second for one in recorded)),
        "without_per_second": round(median(one.per_second for one in unrecorded)),
        "ratio": round(median(ratios), 3),
        "with_p99_ms": round(median(one.p99_ms for one in recorded), 2),
        "without_p99_ms": round(median(one.p99_ms for one in unrecorded), 2),
        "with_us": round(median(one.cpu_us for one in recorded)),
        "without_us": round(median(one.cpu_us for one in unrecorded)),
    }


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    table = Table(
        title=f"{figures['machine']}, {figures['tickets']:,} tickets, {figures['engine']}"
    )
    for name in ("tokens", "with/s", "without/s", "ratio", "with p99 ms", "without p99 ms", *CPU):
        table.add_column(name, justify="right")
    for size in figures["sizes"]:
        table.add_row(*(str(value) for value in size.values()))
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
