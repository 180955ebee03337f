"""The recorded results of the campaigns: one file each, one JSON line for each portion.

A line is written at once and synced, so that a kill loses at most the portion in progress. What a
crash leaves of an incomplete line is removed before the next one.
"""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "results"

Line = Mapping[str, Any]


def file_of(name: str, folder: Path = FOLDER) -> Path:
    """The file of a campaign's results."""
    return folder / f"{name}.jsonl"


def read_results(file: Path) -> list[Line]:
    """All complete lines; none if there is no file."""
    if not file.exists():
        return []
    return [json.loads(line) for line in _whole(file.read_bytes()).splitlines()]


def _whole(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]


def append_result(
    file: Path,
    *,
    seed: int,
    count: int,
    failures: Sequence[str],
    control: bool = False,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Add a line. Of a control, `count` is the number of planted faults that it found."""
    line = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "commit": commit(),
        "count": count,
        "failures": list(failures),
        **({"control": True} if control else {}),
        **(more or {}),
    }
    file.parent.mkdir(exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        end = len(_whole(file.read_bytes()))
        os.ftruncate(descriptor, end)
        os.pwrite(descriptor, json.dumps(line).encode() + b"\n", end)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@cache
def commit() -> str:
    """The commit of the source, with a `+` if tracked files differ from it."""
    places = [place.name for place in ROOT.iterdir() if place.name != ".git"]
    differing = _git("diff", "HEAD", "--name-only", "--", *places, ":!campaigns/results")
    return _git("rev-parse", "--short=12", "HEAD") + ("+" if differing else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Hold the lock of a campaign. Exits if another process runs it."""
    file.parent.mkdir(exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"Another process runs {file.stem}.") from None
        yield


def is_control(line: Line) -> bool:
    """Whether a line is of a control."""
    return bool(line.get("control"))


def reached(lines: Sequence[Line], *, is_longest: bool = False) -> int:
    """The sum of the counts, or with `is_longest` that of the longest sitting. No controls."""
    ours = [line for line in lines if not is_control(line)]
    sums: dict[object, int] = {}
    for line in ours:
        sitting = line.get("sitting") if is_longest else None
        sums[sitting] = sums.get(sitting, 0) + int(line["count"])
    return max(sums.values(), default=0)


def found(lines: Sequence[Line]) -> int:
    """The number of planted faults that the controls have found."""
    return sum(int(line["count"]) for line in lines if is_control(line))


def next_seed(lines: Sequence[Line], *, control: bool = False) -> int:
    """The seed after the last one."""
    return 1 + max((int(one["seed"]) for one in lines if is_control(one) == control), default=0)
