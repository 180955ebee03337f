"""`python -m bench.console_watchers --engine ...`: measures what consoles cost the service.

First it measures locks and unlocks at full speed, with and without 50 consoles that watch the map
of the event. Then it measures the latency of unlocks at half of that speed, while ten people open
the map, and while nobody does. Both alternate; the figures are the medians of the pairs with their
95 % intervals.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from statistics import median
from threading import Event
from time import monotonic
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.console import SETTINGS, Person, Watchers, openers, prepare, watchers
from bench.engine import Engine
from bench.load import Load, run_load, run_open_load
from bench.measuring import (
    CONNECTIONS,
    OPEN_CONNECTIONS,
    RESULTS,
    batches,
    machine,
    made_engine,
    require_all_flipped,
)
from bench.serving import Server, running_server
from seatlatch.operations.seat_maps import FRESH_SECONDS, UNWATCHED_SECONDS

ANSWER_SECONDS = 30
SETTLE_SECONDS = 3
"""Until then all consoles have the states of all seats, and wait for changes."""

NOT_BEFORE = Event()
"""Never set: to wait for a time."""


def main() -> None:
    """Measure, print the tables, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--workers", type=int, default=2, help="of seatlatch, on PostgreSQL")
    parser.add_argument("--seats", type=int, default=100_000)
    parser.add_argument("--consoles", type=int, default=50)
    parser.add_argument("--people", type=int, default=10, help="who open the map")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--sizes", type=int, nargs="+", default=(1, 10), help="tokens a request")
    parser.add_argument("--no-waiting", action="store_true", help="to test the benchmark itself")
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        with made_engine(options.engine, folder, options.seats, options.workers) as engine:
            prepare(engine.url, has_sections=False)
            engine.restore()
            with running_server(engine.url, folder, engine.workers, settings=SETTINGS) as server:
                figures = measure(server, engine, options)
    show(figures)
    if not options.no_results:
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-console-watchers-{options.engine}.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")
        sys.stderr.write(f"Figures written to {file.relative_to(Path.cwd())}\n")


def measure(server: Server, engine: Engine, options: argparse.Namespace) -> dict[str, Any]:
    """Measure all figures of one run."""
    with (
        watchers(server.port, options.consoles) as watching,
        Progress(console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task("measuring", total=2 * len(options.sizes) * options.pairs)
        throughput, latency = [], []
        for size in options.sizes:
            pairs = []
            for number in range(options.pairs):
                pairs.append(watched_pair(server, engine, watching, size, number, options))
                progress.advance(task)
            throughput.append(throughput_summary(size, pairs))
            rate = median(without.per_second for without, _ in pairs) / 2
            opened = []
            for number in range(options.pairs):
                opened.append(opened_pair(server, engine, size, rate, number, options))
                progress.advance(task)
            latency.append(latency_summary(size, rate, opened))
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "engine": engine.name,
        "workers": engine.workers,
        "seats": options.seats,
        "consoles": options.consoles,
        "people": options.people,
        "pairs": options.pairs,
        "seconds": options.seconds,
        "throughput": throughput,
        "latency": latency,
    }


def wait(seconds: float, options: argparse.Namespace) -> None:
    """Wait until the service has forgotten what was done before."""
    if not options.no_waiting:
        NOT_BEFORE.wait(seconds)


def require_answers(watching: Watchers, before: int) -> None:
    """Wait until the consoles have got a response."""
    deadline = monotonic() + ANSWER_SECONDS
    while watching.answers == before:
        assert monotonic() < deadline, "no console has got a response"
        NOT_BEFORE.wait(0.1)


def watched_pair(
    server: Server,
    engine: Engine,
    watching: Watchers,
    size: int,
    number: int,
    options: argparse.Namespace,
) -> tuple[Load, Load]:
    """The load without consoles and with them, in an order that alternates."""
    loads: dict[bool, Load] = {}
    for is_watched in (False, True) if number % 2 else (True, False):
        if is_watched:
            Person(server.port).open_map()
            answers = watching.answers
            watching.on.set()
            wait(SETTLE_SECONDS, options)
            require_answers(watching, answers)
        else:
            wait(UNWATCHED_SECONDS + 2, options)
        answers = watching.answers
        requests = batches(engine, size, int(12_500 * options.seconds)).requests()
        loads[is_watched] = run_load(server.port, requests, CONNECTIONS, options.seconds)
        assert not is_watched or watching.answers > answers
        watching.on.clear()
        require_all_flipped(loads[is_watched], engine.restore(), size)
    return loads[False], loads[True]


def opened_pair(
    server: Server,
    engine: Engine,
    size: int,
    rate: float,
    number: int,
    options: argparse.Namespace,
) -> tuple[Load, Load]:
    """The load at a fixed rate while nobody opens the map, and while people do."""
    loads: dict[bool, Load] = {}
    for is_opened in (False, True) if number % 2 else (True, False):
        wait(max(UNWATCHED_SECONDS, FRESH_SECONDS) + 2 if is_opened else 0, options)
        requests = batches(engine, size, int(rate * options.seconds / 2)).requests()
        with openers(server.port, options.people) as begin:
            if is_opened:
                begin.set()
            loads[is_opened] = run_open_load(server.port, requests, OPEN_CONNECTIONS, rate)
        require_all_flipped(loads[is_opened], engine.restore(), size)
    return loads[False], loads[True]


def throughput_summary(size: int, pairs: Sequence[tuple[Load, Load]]) -> dict[str, Any]:
    """The medians of the pairs with one size of request."""
    ratios = [with_.per_second / without.per_second for without, with_ in pairs]
    low, high = interval(ratios)
    return {
        "tokens": size,
        "without_per_second": round(median(without.per_second for without, _ in pairs)),
        "with_per_second": round(median(with_.per_second for _, with_ in pairs)),
        "ratio": round(median(ratios), 4),
        "ratio_low": round(low, 4),
        "ratio_high": round(high, 4),
    }


def latency_summary(size: int, rate: float, pairs: Sequence[tuple[Load, Load]]) -> dict[str, Any]:
    """The medians of the pairs with one size of request."""
    more = [with_.percentile_ms(99) - without.percentile_ms(99) for without, with_ in pairs]
    low, high = interval(more)
    return {
        "tokens": size,
        "rate": round(rate),
        "without_p99_ms": round(median(without.percentile_ms(99) for without, _ in pairs), 2),
        "with_p99_ms": round(median(with_.percentile_ms(99) for _, with_ in pairs), 2),
        "more_ms": round(median(more), 2),
        "more_ms_low": round(low, 2),
        "more_ms_high": round(high, 2),
    }


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the median, by the ranks of the values."""
    ranked, count = sorted(values), len(values)
    away = 1.96 * sqrt(count) / 2
    first = max(0, int(count / 2 - away))
    last = min(count - 1, int(count / 2 + away))
    return ranked[first], ranked[last]


def show(figures: dict[str, Any]) -> None:
    """Print the tables."""
    console = Console(width=130)
    for name in ("throughput", "latency"):
        rows = figures[name]
        title = f"{figures['machine']}, {figures['seats']:,} seats, {figures['engine']}: {name}"
        table = Table(*rows[0], title=title)
        for row in rows:
            table.add_row(*(str(value) for value in row.values()))
        console.print(table)


if __name__ == "__main__":
    main()
