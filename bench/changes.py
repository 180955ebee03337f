"""`make bench`: unlocks and locks over HTTP beside a bare loop of the same writes.

Ours: 32 keep-alive connections from another process, half of the requests unlock, half lock,
credentials, limits, log and metrics on; every request flips its tickets. The loop: the same flips,
one durable transaction each, in one process, no HTTP. Both on the same table, alternating; medians.
Between rounds every ticket is brought back to how it was, outside of the timing.
"""

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.inventory import (
    CREDENTIALS,
    Inventory,
    Server,
    bare_loop,
    make_inventory,
    restore,
    running_server,
)
from bench.load import Load, lock_request, run_load, unlock_request

CONNECTIONS = 32
SIZES = (1, 10, 100)
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure, print the table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="tokens a request")
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    figures = measure(options.tickets, options.sizes, options.rounds, options.seconds)
    show(figures)
    if not options.no_results:
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-changes-sqlite.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")
        sys.stderr.write(f"Figures written to {file.relative_to(Path.cwd())}\n")


def measure(tickets: int, sizes: Sequence[int], rounds: int, seconds: float) -> dict[str, Any]:
    """All figures of one run."""
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as folder:
        path = Path(folder) / "bench.db"
        inventory = make_inventory(path, tickets)
        with running_server(path) as server, Progress(console=Console(stderr=True)) as progress:
            start = {"start_seconds": server.start_seconds}
            task = progress.add_task("measuring", total=len(sizes) * rounds)
            summaries = []
            for size in sizes:
                measured = Rounds(size, [], [], [])
                for _ in range(rounds):
                    measure_round(server, path, inventory, measured, seconds)
                    progress.advance(task)
                summaries.append(summary(measured))
            memory = {"resident_mebibytes": server.resident_mebibytes()}
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "tickets": tickets,
        "connections": CONNECTIONS,
        "rounds": rounds,
        "seconds": seconds,
        **start,
        **memory,
        "sizes": summaries,
    }


class Rounds(NamedTuple):
    """What was measured with requests of one size. `cpu`: seconds for 1,000 requests."""

    size: int
    ours: list[Load]
    loops: list[float]
    cpu: list[float]


def measure_round(
    server: Server, path: Path, inventory: Inventory, measured: Rounds, seconds: float
) -> None:
    """Ours, then the loop."""
    size = measured.size
    most = int(12_500 * seconds)
    unlocks = batches(inventory.listed, size)[:most]
    locks = batches(inventory.unlisted, size)[:most]
    requests = [
        request
        for unlock, lock in zip(unlocks, locks, strict=True)
        for request in (unlock_request(unlock, CREDENTIALS), lock_request(lock, CREDENTIALS))
    ]
    cpu_before = server.cpu_seconds()
    load = run_load(server.port, requests, CONNECTIONS, seconds)
    measured.cpu.append((server.cpu_seconds() - cpu_before) / load.requests * 1000)
    measured.ours.append(load)
    require_all_flipped(load, restore(path), size)
    measured.loops.append(bare_loop(path, unlocks, locks, seconds))
    restore(path)


def batches(tokens: Sequence[str], size: int) -> list[Sequence[str]]:
    """The tokens, so many at a time."""
    return [tokens[at : at + size] for at in range(0, len(tokens) // size * size, size)]


def require_all_flipped(load: Load, flipped: int, size: int) -> None:
    """A figure counts only if every request did its work."""
    if set(load.statuses) != {b"200"} or flipped != load.requests * size:
        raise SystemExit(f"{load.requests} requests: {load.statuses}, {flipped} tickets flipped")


def summary(measured: Rounds) -> dict[str, Any]:
    """The medians of one request size."""
    size, ours, loops, cpu = measured
    return {
        "tokens": size,
        "ours_per_second": round(median(load.per_second for load in ours)),
        "loop_per_second": round(median(loops)),
        "ratio": round(
            median(load.per_second / loop for load, loop in zip(ours, loops, strict=True)), 2
        ),
        "flips_per_second": round(median(load.per_second for load in ours) * size),
        "p50_ms": round(median(load.percentile_ms(50) for load in ours), 2),
        "p99_ms": round(median(load.percentile_ms(99) for load in ours), 2),
        "server_cpu_seconds_per_1000_requests": round(median(cpu), 4),
    }


def machine() -> str:
    """The machine, as far as it matters."""
    cpu = Path("/proc/cpuinfo").read_text().partition("model name\t: ")[2].partition("\n")[0]
    cores = Path("/proc/cpuinfo").read_text().count("processor\t:")
    return f"{cpu}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def show(figures: dict[str, Any]) -> None:
    """The table."""
    table = Table(title=f"{figures['machine']}, {figures['tickets']:,} tickets, SQLite")
    names = ("tokens", "ours/s", "loop/s", "ratio", "flips/s", "p50 ms", "p99 ms", "CPU s/1000")
    for name in names:
        table.add_column(name, justify="right")
    for size in figures["sizes"]:
        table.add_row(*(str(value) for value in size.values()))
    console = Console()
    console.print(table)
    console.print(
        f"start to first answer {figures['start_seconds']:.2f} s,"
        f" resident {figures['resident_mebibytes']:.0f} MiB"
    )


if __name__ == "__main__":
    main()
