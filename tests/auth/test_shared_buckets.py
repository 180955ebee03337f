"""Buckets in a table that several processes share: one limit for all, and a table that is full."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from threading import Thread

import pytest

from seatlatch.auth.rate_limit import Rate, RateLimit
from seatlatch.auth.shared_buckets import SLOT_BYTES, SharedBuckets, make_table
from seatlatch.domain.refusal import RateExceeded

Open = Callable[..., SharedBuckets]
PROCESSES = 4
APPLICATIONS = 500
LOCKS = Path("/proc/locks")
"""The system's; behind an arrow stands who waits."""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    make_table(tmp_path / "table")
    return tmp_path / "table"


@pytest.fixture
def opened() -> Iterator[Open]:
    with ExitStack() as stack:

        def open_one(path: Path, kind: str = "changes") -> SharedBuckets:
            buckets = SharedBuckets(path, kind)
            stack.callback(buckets.close)
            return buckets

        yield open_one


def taken(limit: RateLimit, application_id: str = "app") -> int:
    """How many requests go through at this moment."""
    for count in range(1000):
        try:
            limit.take(application_id)
        except RateExceeded:
            return count
    raise AssertionError("no limit")


def test_all_who_share_them_have_one_limit(table: Path, opened: Open) -> None:
    rate = Rate(1, 10)
    limits = [RateLimit("changes", rate, lambda: 50.0, opened(table)) for _ in range(PROCESSES)]
    left = [limit.take("app") for limit in [*limits, *limits]]
    assert left == [9, 8, 7, 6, 5, 4, 3, 2]
    assert [taken(limit) for limit in limits] == [2, 0, 0, 0]
    assert taken(limits[0], "other") == 10


def test_a_bucket_is_of_a_kind(table: Path, opened: Open) -> None:
    changes, reads = opened(table, "changes"), opened(table, "reads")
    changes["app"] = 7.0
    assert (reads.get("app", 5.0), opened(table, "changes").get("app", 5.0)) == (0.0, 7.0)


def test_what_the_table_has_no_place_for_is_in_own_memory(tmp_path: Path, opened: Open) -> None:
    make_table(tmp_path / "small", 2 * SLOT_BYTES)
    one, other = opened(tmp_path / "small"), opened(tmp_path / "small")
    for number in range(4):
        one[f"app-{number}"] = float(number + 1)
    assert [one.get(f"app-{number}", 0.0) for number in range(4)] == [1.0, 2.0, 3.0, 4.0]
    assert [other.get(f"app-{number}", 9.0) for number in range(4)] == [1.0, 2.0, 9.0, 9.0]


def test_processes_that_add_at_once_agree_on_every_place(table: Path, opened: Open) -> None:
    context = get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    adding = [
        context.Process(target=add_all, args=(table, number, barrier.wait))
        for number in range(PROCESSES)
    ]
    for process in adding:
        process.start()
    for process in adding:
        process.join(60)
        assert process.exitcode == 0
    buckets = opened(table)
    moments = {buckets.get(f"app-{number}", 0.0) for number in range(APPLICATIONS)}
    assert moments == {float(number + 1) for number in range(APPLICATIONS)}
    used = sum(map(bool, memoryview(table.read_bytes()).cast("Q")[::2]))
    assert used == APPLICATIONS, "each has one place"


def test_a_place_is_taken_by_one_process_at_a_time(table: Path, opened: Open) -> None:
    buckets = opened(table)
    adding = Thread(target=buckets.__setitem__, args=("app", 7.0))
    with table.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        adding.start()
        inode = f":{table.stat().st_ino} "
        while adding.is_alive():
            if any("->" in lock and inode in lock for lock in LOCKS.read_text().splitlines()):
                break
        assert adding.is_alive(), "it did not wait"
        assert not any(table.read_bytes())
    adding.join()
    assert opened(table).get("app", 0.0) == 7.0


def add_all(path: Path, process: int, wait: Callable[[], int]) -> None:
    """Add all applications, each process beginning with another one."""
    buckets = SharedBuckets(path, "changes")
    wait()
    for step in range(APPLICATIONS):
        number = (step + process * APPLICATIONS // PROCESSES) % APPLICATIONS
        buckets[f"app-{number}"] = float(number + 1)
    buckets.close()
