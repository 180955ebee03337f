"""`python -m bench.feed --engine ...`: measures what waiting readers of the feed cost the service.

One channel locks and unlocks at a fixed rate while 600 requests wait for events of the feed, and
another one verifies a ticket 100 times a second. The waiting requests are of other channels, which
see none of these changes, or of the same one, which sees all of them. The figures are medians of
the rounds.
"""

import argparse
import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.engine import Engine
from bench.load import run_open_load, verify_request
from bench.measuring import OPEN_CONNECTIONS, batches, machine, made_engine, write_results
from bench.serving import CREDENTIALS, Server, running_server
from bench.waiters import add_channels, waiters
from seatlatch.wiring import with_store

VERIFIES_PER_SECOND = 100
WAITING = ("nobody", "other channels", "the same channel")


def main() -> None:
    """Measure, print the table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--workers", type=int, default=1, help="of seatlatch, on PostgreSQL")
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--waiters", type=int, default=600)
    parser.add_argument("--channels", type=int, default=20, help="of the waiters")
    parser.add_argument("--rate", type=int, default=500, help="changes a second")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--waiting", nargs="+", choices=WAITING, default=WAITING)
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        with made_engine(options.engine, folder, options.tickets, options.workers) as engine:
            add = partial(add_channels, count=options.channels)
            with_store(engine.url, lambda store: store.commit(add))
            with running_server(engine.url, folder, engine.workers) as server:
                figures = measure(server, engine, options)
    show(figures)
    if not options.no_results:
        write_results(f"feed-{options.engine}", figures)


def measure(server: Server, engine: Engine, options: argparse.Namespace) -> dict[str, Any]:
    """Measure all figures of one run."""
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in options.waiting}
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("measuring", total=len(options.waiting) * options.rounds)
        for _ in range(options.rounds):
            for name in options.waiting:
                rounds[name].append(measure_round(server, engine, name, options))
                progress.advance(task)
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "engine": engine.name,
        "workers": engine.workers,
        "waiters": options.waiters,
        "channels": options.channels,
        "changes_per_second": options.rate,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "waiting": [
            {
                "waiting": name,
                **{figure: round(median(one[figure] for one in some), 2) for figure in some[0]},
            }
            for name, some in rounds.items()
        ],
    }


def measure_round(
    server: Server, engine: Engine, name: str, options: argparse.Namespace
) -> dict[str, float]:
    """Verify beside the writer, while the waiters of one kind wait."""
    channels = {
        "nobody": [],
        "other channels": [1 + n % options.channels for n in range(options.waiters)],
        "the same channel": [0] * options.waiters,
    }[name]
    count = int(options.rate * options.seconds)
    changes = batches(engine, 1, count).requests()[:count]
    verifies = [verify_request(engine.inventory.listed[-1:], CREDENTIALS)] * int(
        VERIFIES_PER_SECOND * options.seconds
    )
    with waiters(server.port, channels) as waiting, writing(server.port, changes, options.rate):
        before, cpu_before, began = waiting.counts, server.processes.cpu_seconds(), perf_counter()
        load = run_open_load(server.port, verifies, OPEN_CONNECTIONS, VERIFIES_PER_SECOND)
        seconds = perf_counter() - began
        cpu_seconds = server.processes.cpu_seconds() - cpu_before
        responses, events = (now - then for now, then in zip(waiting.counts, before, strict=True))
    engine.restore()
    return {
        "verify_p50_ms": load.percentile_ms(50),
        "verify_p99_ms": load.percentile_ms(99),
        "verify_failed_percent": 100 - 100 * load.statuses.get(b"200", 0) / load.requests,
        "feed_responses_per_second": responses / seconds,
        "feed_events_per_second": events / seconds,
        "server_cpu_percent": 100 * cpu_seconds / seconds,
    }


@contextmanager
def writing(port: int, changes: Sequence[bytes], rate: float) -> Iterator[None]:
    """Make changes at a fixed rate in a process of its own, which may get behind."""
    arguments = (port, changes, OPEN_CONNECTIONS, rate)
    process = multiprocessing.Process(target=run_open_load, args=arguments, daemon=True)
    process.start()
    yield
    process.join()


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    rows = figures["waiting"]
    title = (
        f"{figures['machine']}, {figures['engine']}, workers: {figures['workers']},"
        f" {figures['waiters']} waiters, {figures['changes_per_second']} changes a second"
    )
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
