"""`python -m bench.cpu --engine ...`: measures the processor time of a request.

It prints microseconds of processor time for each request, separately for the service and for the
database's own processes, with one worker and default settings except for the rate limit. Half of
the requests unlock, half lock, and each changes all of its tickets. The figures are medians of the
rounds.

`--tree` names a source tree to measure in place of this one. With several, each has a database and
a service of its own, and they alternate. A tree's own `bench` is used if it has
`bench.measuring`.
`--before` compares a tree with this one in the same way, and writes the figures.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.engine import Figures
from bench.measuring import (
    CONNECTIONS,
    SIZES,
    batches_for,
    machine,
    made_engine,
    measured,
    medians,
    warm_up,
    write_results,
)
from bench.serving import running_server

ROOT = Path(__file__).parent.parent


class Measurer:
    """The process that measures one tree. It has a database and a service of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def measure(self, size: int) -> Figures:
        """Run one load with requests of `size` tokens."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{size}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the measurement failed: {self._process.args!r}")
        return Figures(*json.loads(line))


def main() -> None:
    """Measure each tree in turn, and print a table; or be the process that measures one."""
    options = parse_options()
    if options.measure:
        serve_measurements(options)
        return
    trees = [options.before, ROOT] if options.before else options.tree or [ROOT]
    trees = [tree.resolve() for tree in trees]
    print(f"{options.engine}, {options.workers} worker(s), log {options.log_format}; us a request")
    print(f"{'tokens':>6}  {'requests/s':>10}  {'service':>8}  {'database':>8}  {'both':>8}  tree")
    with ExitStack() as stack:
        measurers = [stack.enter_context(measurer(tree, options)) for tree in trees]
        sizes = []
        for size in options.tokens:
            rounds = [[one.measure(size) for one in measurers] for _ in range(options.rounds)]
            by_tree = list(zip(*rounds, strict=True))
            for tree, found in zip(trees, by_tree, strict=True):
                print(row(size, tree, found))
            sizes.append({"tokens": size, "trees": [medians(found) for found in by_tree]})
    if options.before:
        write_results(f"before-{options.engine}", result(options, sizes))


def parse_options() -> argparse.Namespace:
    """Parse the options. `--measure` is for the processes that it starts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="postgres")
    parser.add_argument("--tokens", type=int, nargs="+", default=SIZES, help="tokens a request")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--tickets", type=int, default=400_000)
    parser.add_argument("--log-format", choices=("auto", "json", "console"), default="auto")
    parser.add_argument("--tree", type=Path, action="append", help="repeat it to compare trees")
    parser.add_argument("--before", type=Path, help="the tree to compare with; writes a file")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


@contextmanager
def measurer(tree: Path, options: argparse.Namespace) -> Iterator[Measurer]:
    """Start the process that measures a tree."""
    bench = tree if (tree / "bench" / "measuring.py").exists() else ROOT
    environment = {**os.environ, "PYTHONPATH": f"{tree / 'src'}:{bench}"}
    names = ("engine", "seconds", "workers", "tickets", "log_format")
    given = [f"--{name.replace('_', '-')}={getattr(options, name)}" for name in names]
    command = [sys.executable, "-m", "bench.cpu", *given, "--measure"]
    with subprocess.Popen(
        command,
        cwd=bench,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Measurer(process)


def result(options: argparse.Namespace, sizes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The result of a comparison of two trees."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "engine": options.engine,
        "workers": options.workers,
        "tickets": options.tickets,
        "connections": CONNECTIONS,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "sizes": sizes,
    }


def row(size: int, tree: Path, rounds: Sequence[Figures]) -> str:
    """The medians of one tree's rounds."""
    rate, _, _, service, database = (median(values) for values in zip(*rounds, strict=True))
    both = median(one.cpu_us for one in rounds)
    return f"{size:>6}  {rate:10.0f}  {service:8.1f}  {database:8.1f}  {both:8.1f}  {tree}"


def serve_measurements(options: argparse.Namespace) -> None:
    """Measure requests of each size that standard input names, until it ends."""
    settings = {"SEATLATCH_LOG_FORMAT": options.log_format}
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        with (
            made_engine(options.engine, folder, options.tickets, options.workers) as engine,
            running_server(engine.url, folder, options.workers, settings=settings) as server,
        ):
            warm_up(server, engine)
            for line in sys.stdin:
                size = int(line)
                requests = batches_for(engine, size, options.seconds).requests()
                figures = measured(server, engine, requests, size, options.seconds)
                print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
