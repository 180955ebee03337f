"""`python -m bench.imports`: measures imports into SQLite, and the latency of unlocks meanwhile.

Each file is random: tokens and barcodes are not sorted, every column is filled. The time is that of
the whole command: first into an empty inventory, then the same file again, then another file of the
same length. Last, it imports while a server runs under a load of unlocks.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from bench.load import Load, run_load, unlock_request
from bench.measuring import RESULTS, in_batches, machine
from bench.serving import CREDENTIALS, running_server
from bench.sqlite import make_inventory

UNLOCK_CONNECTIONS = 8
PRIME, STRIDE = 99_999_999_977, 61_803_398_875
"""The multiples of `STRIDE` modulo `PRIME` are all different, and not sorted."""

HEAD = "token,owner_id,access_id,section,row,seat,barcode\n"


class Measured(NamedTuple):
    """One import. `peak_mebibytes` is the peak memory of the command."""

    seconds: float
    peak_mebibytes: float


def main() -> None:
    """Measure, print, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, nargs="+", default=(1_000_000, 5_000_000))
    parser.add_argument("--beside", type=int, default=1_000_000, help="lines beside a load")
    parser.add_argument("--listed", type=int, default=400_000, help="tickets that a load unlocks")
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    figures = measure(options.lines, options.beside, options.listed)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if not options.no_results:
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-import-sqlite.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")


def measure(lines: Sequence[int], beside: int, listed: int) -> dict[str, Any]:
    """Measure all figures of one run."""
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as folder:
        files = []
        for number in lines:
            path = Path(folder) / f"{number}.db"
            make_inventory(path, 0)
            first = run_import(path, make_file(Path(folder) / "season.csv", number))
            again = run_import(path, Path(folder) / "season.csv")
            more = run_import(path, make_file(Path(folder) / "season.csv", number, seed=1))
            files.append(
                {
                    "lines": number,
                    "tickets_per_second": round(number / first.seconds),
                    "seconds": round(first.seconds, 1),
                    "peak_mebibytes": round(first.peak_mebibytes),
                    "again_seconds": round(again.seconds, 1),
                    "more_seconds": round(more.seconds, 1),
                }
            )
            path.unlink()
        return {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "files": files,
            "beside": measure_beside(Path(folder), beside, listed),
        }


def measure_beside(folder: Path, lines: int, listed: int) -> dict[str, Any]:
    """Measure an import while a server processes unlocks."""
    path = folder / "beside.db"
    inventory = make_inventory(path, listed)
    file = make_file(folder / "season.csv", lines)
    requests = [unlock_request(batch, CREDENTIALS) for batch in in_batches(inventory.listed, 1)]
    loads: list[Load] = []
    with running_server(f"sqlite:///{path}", path.parent) as server:
        alone = run_load(server.port, requests[:20_000], UNLOCK_CONNECTIONS, 3)
        started = perf_counter()
        imported: list[Measured] = []
        thread = threading.Thread(target=lambda: imported.append(run_import(path, file)))
        thread.start()
        sent = 20_000
        while thread.is_alive():
            load = run_load(server.port, requests[sent:], UNLOCK_CONNECTIONS, 1)
            sent += load.requests
            loads.append(load)
        thread.join()
        seconds = perf_counter() - started
    responses = sum(load.requests for load in loads)
    statuses = {status.decode() for load in loads for status in load.statuses}
    latencies = sorted(latency for load in loads for latency in load.latencies_ms)
    return {
        "lines": lines,
        "tickets_per_second": round(lines / imported[0].seconds),
        "unlocks_per_second": round(responses / seconds),
        "statuses": sorted(statuses),
        "p50_ms": round(latencies[responses // 2], 1),
        "p99_ms": round(latencies[responses * 99 // 100], 1),
        "longest_ms": round(latencies[-1], 1),
        "alone_unlocks_per_second": round(alone.per_second),
        "alone_p99_ms": round(alone.percentile_ms(99), 1),
    }


def make_file(file: Path, lines: int, seed: int = 0) -> Path:
    """Write a CSV file of `lines` tickets, different for each seed.

    The file is not built in memory: the peak memory of a command includes the memory of the process
    that started it.
    """
    chance = random.Random(seed)
    tokens = (PRIME * (seed + 1) + number * STRIDE % PRIME for number in range(lines))
    with file.open("w") as out:
        out.write(HEAD)
        for number, token in enumerate(tokens):
            event, section = f"GAME-{number % 80:02}", 101 + number % 40
            seat = f"{chr(65 + number % 26)},{1 + number % 30}"
            barcode = f"{chance.randrange(10**15):015}"
            out.write(f"{token},{200_000 + number % 70_000},{event},{section},{seat},{barcode}\n")
    return file


def run_import(path: Path, file: Path) -> Measured:
    """Run the import command to its end."""
    url = f"sqlite:///{path}"
    command = [sys.executable, "-m", "seatlatch", "tickets", "import", str(file), "--org", "1001"]
    started = perf_counter()
    with subprocess.Popen([*command, "--database", url], stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"the import ended with {process.returncode}")
    return Measured(perf_counter() - started, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
