"""Group commit: who shares a commit, who waits, and who is harmed by whom (nobody)."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from seatlatch.commit import GroupCommit
from seatlatch.domain.application import Credentials
from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations.exchange_tokens import ExchangeTokens, GrantType, Lifetimes
from seatlatch.operations.unlock_tickets import UnlockTickets
from seatlatch.store.interface import Snapshot, Transaction
from seatlatch.store.sqlite.store import SqliteStore
from tests.serving import CHANNEL, ORGANIZATION, listed, make_inventory, mpreserve_of

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
Result = TypeVar("Result")


class Gate:
    """A real store behind a gate: a commit waits until the test lets it through."""

    def __init__(self, path: Path) -> None:
        self._store = SqliteStore(path)
        self.open = asyncio.Event()
        self.open.set()
        self.commits = 0
        self.refusing = False
        self.refuse_from = 10**9

    async def commit(self, work: Callable[[Transaction], Result]) -> Result:
        await self.open.wait()
        self.commits += 1
        if self.refusing or self.commits >= self.refuse_from:
            raise Unavailable("away")
        return await self._store.commit(work)

    async def read(self, work: Callable[[Snapshot], Result]) -> Result:
        return await self._store.read(work)

    def credentials_version(self) -> int:
        return self._store.credentials_version()

    def read_credentials(self) -> Credentials:
        return self._store.read_credentials()

    def close(self) -> None:
        self._store.close()


class Groups:
    """Remembers what it was told of groups."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def group_committed(self, requests: int, tokens: int, seconds: float) -> None:
        assert seconds >= 0
        self.sizes.append((requests, tokens))


class Poison:
    """A change that fails whenever it is worked."""

    def __init__(self) -> None:
        self.tokens = ("poison",)

    @staticmethod
    def work_off(transaction: Transaction, changes: Sequence[Any]) -> list[None]:
        transaction.unlock(dict.fromkeys(["t0"], MINE))
        raise ZeroDivisionError


def run(
    path: Path,
    test: Callable[[GroupCommit, Gate, Groups], Any],
    *,
    group_tokens_max: int = 100,
    waiting_requests_max: int = 100,
) -> None:
    """Run a test on an inventory of t0 to t199, all listed."""
    make_inventory(path / "inventory.db", (listed(f"t{number}") for number in range(200)))

    async def main() -> None:
        gate, groups = Gate(path / "inventory.db"), Groups()
        commits = GroupCommit(
            gate,
            groups,
            group_tokens_max=group_tokens_max,
            waiting_requests_max=waiting_requests_max,
        )
        commits.start()
        try:
            await test(commits, gate, groups)
        finally:
            gate.open.set()
            await commits.close()
            gate.close()

    asyncio.run(main())


def unlock(*tokens: int) -> UnlockTickets:
    return UnlockTickets({f"t{number}": MINE for number in tokens})


async def waiting(commits: GroupCommit, changes: Sequence[Any]) -> list[asyncio.Task[Any]]:
    """Submit behind a closed gate: the first change is in a group of its own, the rest wait."""
    tasks = []
    for change in changes:
        tasks.append(asyncio.create_task(commits.submit(change)))
        await settle()
    return tasks


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def outcomes(results: list[TicketResult]) -> set[Outcome]:
    return {result.outcome for result in results}


def test_all_that_wait_share_the_next_commit(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(commits, [unlock(number) for number in range(20)])
        assert commits.waiting_requests == 19
        gate.open.set()
        assert all(
            outcomes(result) == {Outcome.UNLOCKED} for result in await asyncio.gather(*tasks)
        )
        assert groups.sizes == [(1, 1), (19, 19)]

    run(tmp_path, test)


def test_a_group_is_bounded_in_tokens_and_keeps_the_order_of_arrival(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        done: list[asyncio.Task[Any]] = []
        gate.open.clear()
        changes = [unlock(*range(number * 10, number * 10 + 10)) for number in range(8)]
        tasks = await waiting(commits, changes)
        for task in tasks:
            task.add_done_callback(done.append)
        gate.open.set()
        await asyncio.gather(*tasks)
        assert done == tasks
        assert groups.sizes == [(1, 10), (3, 30), (3, 30), (1, 10)]

    run(tmp_path, test, group_tokens_max=30)


def test_a_change_about_no_ticket_takes_20_tokens_of_a_group(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        exchange = ExchangeTokens(Lifetimes(1, 1), "app", GrantType.AUTHORIZATION_CODE, "code")
        gate.open.clear()
        changes = [unlock(0), exchange, exchange, unlock(*range(1, 11)), exchange]
        tasks = await waiting(commits, changes)
        gate.open.set()
        await asyncio.gather(*tasks)
        assert groups.sizes == [(1, 1), (3, 10), (1, 0)]

    run(tmp_path, test, group_tokens_max=50)


def test_a_change_above_the_bound_goes_alone(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(commits, [unlock(0), unlock(*range(1, 51)), unlock(60), unlock(61)])
        gate.open.set()
        await asyncio.gather(*tasks)
        assert groups.sizes == [(1, 1), (1, 50), (2, 2)]

    run(tmp_path, test, group_tokens_max=10)


def test_small_requests_are_not_starved_by_large_ones(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        large = [unlock(*range(number * 10, number * 10 + 10)) for number in range(10)]
        tasks = await waiting(commits, [*large[:3], unlock(150), *large[3:]])
        gate.open.set()
        await tasks[3]
        assert sum(task.done() for task in tasks[4:]) <= 1
        await asyncio.gather(*tasks)

    run(tmp_path, test, group_tokens_max=11)


def test_above_the_bound_on_waiting_a_request_is_refused_at_once(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(commits, [unlock(number) for number in range(6)])
        with pytest.raises(Unavailable) as refusal:
            await commits.submit(unlock(99))
        assert refusal.value.retry_after_seconds == 1
        gate.open.set()
        await asyncio.gather(*tasks)
        assert outcomes(await commits.submit(unlock(99))) == {Outcome.UNLOCKED}

    run(tmp_path, test, waiting_requests_max=5)


def test_a_poisoned_request_takes_no_neighbour_along(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(commits, [unlock(1), unlock(2), Poison(), unlock(3), unlock(2, 4)])
        gate.open.set()
        answers: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(answers[2], ZeroDivisionError)
        assert outcomes(answers[3]) == {Outcome.UNLOCKED}
        assert outcomes(answers[4]) == {Outcome.ALREADY_UNLOCKED, Outcome.UNLOCKED}
        mpreserve = mpreserve_of(tmp_path / "inventory.db")
        unlocked = {token for token, listed in mpreserve.items() if not listed}
        assert unlocked == {"t1", "t2", "t3", "t4"}

    run(tmp_path, test)


def test_a_request_whose_caller_went_away_still_commits(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(commits, [unlock(1), unlock(2), unlock(3)])
        for task in tasks[:2]:
            task.cancel()
        gate.open.set()
        await tasks[2]
        mpreserve = mpreserve_of(tmp_path / "inventory.db")
        assert [mpreserve[token] for token in ("t1", "t2", "t3", "t4")] == [False] * 3 + [True]

    run(tmp_path, test)


def test_while_the_database_is_away_all_that_wait_are_told_at_once(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        gate.refusing = True
        tasks = await waiting(commits, [unlock(number) for number in range(5)])
        gate.open.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(answer, Unavailable) for answer in answers)
        assert len({id(answer) for answer in answers}) == 5
        assert gate.commits == 1
        gate.refusing = False
        assert outcomes(await commits.submit(unlock(1))) == {Outcome.UNLOCKED}

    run(tmp_path, test)


def test_closing_answers_what_was_accepted_and_refuses_the_rest(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(commits, [unlock(number) for number in range(5)])
        closing = asyncio.create_task(commits.close())
        await settle()
        with pytest.raises(Unavailable):
            await commits.submit(unlock(9))
        gate.open.set()
        await closing
        assert all(outcomes(task.result()) == {Outcome.UNLOCKED} for task in tasks)

    run(tmp_path, test)


def test_a_database_that_goes_away_in_the_midst_of_a_retry_is_told_to_all(tmp_path: Path) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(commits, [unlock(1), unlock(2), Poison(), unlock(3), unlock(4)])
        gate.refuse_from = 3
        gate.open.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in answers] == [list] + [Unavailable] * 4
        assert gate.commits == 3, "the rest did not wait in turn"

    run(tmp_path, test)


def test_an_observer_that_fails_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(commits: GroupCommit, gate: Gate, groups: Groups) -> None:
        def fail(*_arguments: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(groups, "group_committed", fail)
        assert outcomes(await commits.submit(unlock(1))) == {Outcome.UNLOCKED}
        with pytest.raises(Unavailable):
            await commits.submit(unlock(2))

    with pytest.raises(ZeroDivisionError):
        run(tmp_path, test)
