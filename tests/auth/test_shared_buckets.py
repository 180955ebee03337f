"""Buckets in a table that several processes share: one limit for all, and a table that is full."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from threading import BrokenBarrierError
from typing import Any

import pytest

from seatlatch.auth.rate_limit import NOT_SHARED, Rate, RateLimit
from seatlatch.auth.shared_buckets import SLOT_BYTES, SharedBuckets, make_table
from seatlatch.domain.refusal import RateExceeded
from seatlatch.shared_memory import SharedMemory

Open = Callable[..., SharedBuckets]
SPAWN = get_context("spawn")
PROCESSES = 4
APPLICATIONS = 500
BURST = 20_000
FEW = 10
WAIT_SECONDS = 10.0


@pytest.fixture
def table() -> Iterator[SharedMemory]:
    table = make_table()
    yield table
    table.close()


@pytest.fixture
def opened(table: SharedMemory) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_one(kind: str = "changes", of: SharedMemory = table) -> SharedBuckets:
            buckets = SharedBuckets(of, kind)
            stack.callback(buckets.close)
            return buckets

        yield open_one


def taken(limit: RateLimit, application_id: str = "app") -> int:
    """How many requests are accepted now."""
    for count in range(BURST + 1):
        try:
            limit.take(application_id)
        except RateExceeded:
            return count
    raise AssertionError("no limit")


def test_all_processes_share_one_limit(opened: Open) -> None:
    rate = Rate(1, 10)
    limits = [RateLimit("changes", rate, lambda: 50.0, opened()) for _ in range(PROCESSES)]
    left = [limit.take("app") for limit in [*limits, *limits]]
    assert left == [9, 8, 7, 6, 5, 4, 3, 2]
    assert [taken(limit) for limit in limits] == [2, 0, 0, 0]
    assert taken(limits[0], "other") == 10


def test_a_bucket_is_of_a_kind(opened: Open) -> None:
    changes, reads = opened("changes"), opened("reads")
    changes["app"] = 7.0
    assert (reads.get("app", 5.0), opened("changes").get("app", 5.0)) == (0.0, 7.0)


def test_a_bucket_without_a_slot_is_in_own_memory() -> None:
    small = make_table(3 * SLOT_BYTES)
    with ExitStack() as stack:
        stack.callback(small.close)
        one, other = SharedBuckets(small, "changes"), SharedBuckets(small, "changes")
        stack.callback(one.close)
        stack.callback(other.close)
        for number in range(4):
            with one.locked(f"app-{number}"):
                one[f"app-{number}"] = float(number + 1)
        assert [one.get(f"app-{number}", 0.0) for number in range(4)] == [1.0, 2.0, 3.0, 4.0]
        assert [other.get(f"app-{number}", 9.0) for number in range(4)] == [1.0, 2.0, 9.0, 9.0]


def test_processes_that_add_at_once_agree_on_every_slot(table: SharedMemory, opened: Open) -> None:
    run_at_once(add_all, table)
    buckets = opened()
    times = {buckets.get(f"app-{number}", 0.0) for number in range(APPLICATIONS)}
    assert times == {float(number + 1) for number in range(APPLICATIONS)}
    used = sum(map(bool, memoryview(bytes(table.bytes)).cast("Q")[::2]))
    assert used == APPLICATIONS, "each has one slot"


def test_processes_at_once_are_admitted_one_burst(table: SharedMemory) -> None:
    assert sum(run_at_once(take_all, table)) == BURST


def test_without_the_lock_they_are_admitted_more(table: SharedMemory) -> None:
    assert sum(run_at_once(take_all_unlocked, table)) > FEW


def run_at_once(
    work: Callable[[SharedMemory, int, Callable[[], int]], int], table: SharedMemory
) -> list[int]:
    """The results of processes that start their work together."""
    barrier = SPAWN.Barrier(PROCESSES)
    results: Any = SPAWN.SimpleQueue()
    processes: list[SpawnProcess] = [
        SPAWN.Process(target=report, args=(results, work, table, number, barrier.wait))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    returned = [int(results.get()) for _ in processes]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    results.close()
    return returned


def report(results: Any, work: Callable[..., int], *arguments: Any) -> None:
    """Do the work, and send its result."""
    results.put(work(*arguments))


def add_all(table: SharedMemory, process: int, wait: Callable[[], int]) -> int:
    """Add all applications, each process starting with another one."""
    buckets = SharedBuckets(table, "changes")
    wait()
    for step in range(APPLICATIONS):
        number = (step + process * APPLICATIONS // PROCESSES) % APPLICATIONS
        buckets[f"app-{number}"] = float(number + 1)
    buckets.close()
    return 0


def take_all(table: SharedMemory, _process: int, wait: Callable[[], int]) -> int:
    """Use up one bucket."""
    buckets = SharedBuckets(table, "changes")
    limit = RateLimit("changes", Rate(1, BURST), lambda: 50.0, buckets)
    wait()
    count = taken(limit)
    buckets.close()
    return count


class Unlocked(SharedBuckets):
    """Buckets that all processes read before one of them sets them."""

    wait: Callable[..., int]

    def locked(self, application_id: str) -> AbstractContextManager[None]:
        return NOT_SHARED

    def get(self, application_id: str, default: float, /) -> float:
        full_at = super().get(application_id, default)
        with suppress(BrokenBarrierError):  # the others have taken all that they could
            self.wait(WAIT_SECONDS)
        return full_at


def take_all_unlocked(table: SharedMemory, _process: int, wait: Callable[..., int]) -> int:
    """Use up one bucket without the lock."""
    buckets = Unlocked(table, "changes")
    buckets.wait = wait
    count = taken(RateLimit("changes", Rate(1, FEW), lambda: 50.0, buckets))
    buckets.close()
    return count
