"""The command of the campaign: `python -m campaigns.patroni --rounds 100`.

Each round adds a line to the file of results before the next one begins. Started again, also after
it was killed, the campaign goes on with the rounds that are not in the file.

See decision 200.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from campaigns.keeper import kept
from campaigns.patroni.cluster import ASYNCHRONOUS, DYNAMIC, NO_PATRONI, PYTHON, Cluster, running
from campaigns.patroni.faults import CONTROL, FAULTS
from campaigns.patroni.rounds import play

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "campaigns" / "results" / "patroni.jsonl"
CONTROL_NAME = "control"
ROUNDS_PER_CONTROL = 20
KEPT = "--kept"


def planned(rounds: int, faults: Sequence[str], *, controls: bool) -> Iterator[tuple[int, str]]:
    """The number and the fault of each round. Controls are numbered from -1 downwards."""
    for number in range(rounds):
        yield number, faults[number % len(faults)]
        if controls and number % ROUNDS_PER_CONTROL == 0:
            yield -1 - number // ROUNDS_PER_CONTROL, CONTROL_NAME


def begun(results: Path) -> set[int]:
    """The numbers of the rounds that are in the file. Removes a last line that was cut off."""
    if not results.exists():
        return set()
    lines = results.read_bytes().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith(b"\n")]
    if len(whole) < len(lines):
        results.write_bytes(b"".join(whole))
    return {json.loads(line)["round"] for line in whole}


def add(results: Path, record: dict[str, Any]) -> None:
    """Add a line, and wait until it is on the disk."""
    with results.open("a") as file:
        file.write(json.dumps(record) + "\n")
        file.flush()
        os.fsync(file.fileno())


class Clusters:
    """The cluster of the rounds: one for as long as all goes well, then a new one."""

    def __init__(self) -> None:
        self._running: AbstractContextManager[Cluster] | None = None
        self._cluster: Cluster | None = None

    def current(self) -> Cluster:
        """The cluster that is up."""
        if self._cluster is None:
            self._running = running()
            self._cluster = self._running.__enter__()
        return self._cluster

    def close(self) -> None:
        """End it."""
        if self._running:
            self._running.__exit__(None, None, None)
        self._running = self._cluster = None


def run(arguments: argparse.Namespace) -> None:
    """Play the rounds that are missing."""
    results: Path = arguments.results
    results.parent.mkdir(parents=True, exist_ok=True)
    already = begun(results)
    clusters, commit = Clusters(), _commit()
    with tempfile.TemporaryDirectory() as folder:
        try:
            for number, name in planned(
                arguments.rounds, arguments.faults, controls=not arguments.no_controls
            ):
                if number not in already:
                    record = _played(clusters, commit, number, name, Path(folder))
                    add(results, record)
                    print(json.dumps(record), flush=True)
        finally:
            clusters.close()


def _played(
    clusters: Clusters, commit: str, number: int, name: str, folder: Path
) -> dict[str, Any]:
    """The line of a round. One that could not be judged says why, and ends its cluster."""
    record = {
        "round": number,
        "fault": name,
        "seed": number,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "load_average": round(os.getloadavg()[0], 1),
    }
    is_control = name == CONTROL_NAME
    if is_control:
        record["control"] = True
    try:
        cluster = clusters.current()
        cluster.change_settings(ASYNCHRONOUS if is_control else DYNAMIC)
        outcome = play(cluster, CONTROL if is_control else FAULTS[name], number, folder)
        return {**record, **outcome}
    except Exception as error:
        clusters.close()
        return {**record, "error": repr(error)[:500]}


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def main() -> int:
    """Read the arguments, and run the campaign under a keeper."""
    parser = argparse.ArgumentParser(prog="campaigns.patroni", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--no-controls", action="store_true")
    parser.add_argument(KEPT, action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not PYTHON.exists():
        parser.error(NO_PATRONI)
    if not arguments.kept:
        return kept([sys.executable, "-m", "campaigns.patroni", *sys.argv[1:], KEPT])
    run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
