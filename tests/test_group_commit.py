"""Group commit: which changes share a commit, which wait, and that failures stay separate."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from seatlatch.commit import Change
from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.refusal import Unavailable
from seatlatch.group_commit import GroupCommit
from seatlatch.operations.change_tickets import TicketChange
from seatlatch.operations.exchange_tokens import ExchangeTokens, GrantType, Lifetimes
from seatlatch.store.interface import Transaction
from seatlatch.store.tickets import Mpreserve
from tests.databases import Database
from tests.group_commit import BOUNDS, Gate, Groups, run, settle, waiting
from tests.operations.changes import NO_ENTRY, unlocking
from tests.serving import CHANNEL, ORGANIZATION

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))


class Poison(Change[None]):
    """A change that fails whenever it is worked."""

    @property
    def tokens(self) -> Collection[str]:
        return ("poison",)

    @staticmethod
    async def apply(transaction: Transaction, changes: Sequence[Any]) -> list[None]:
        await transaction.tickets.change_mpreserve({"t0": Mpreserve(MINE, None)}, NO_ENTRY)
        raise ZeroDivisionError


class PoisonedChannel(Channel):
    """A channel whose code raises an error."""

    @property
    def code(self) -> str:
        raise ZeroDivisionError


def poisoned() -> TicketChange[Mpreserve]:
    """An unlock that fails whenever it is worked, in a group with others of its kind."""
    return unlocking(PoisonedChannel("", frozenset()), "poison")


def unlock(*tokens: int) -> TicketChange[Mpreserve]:
    return unlocking(MINE, *(f"t{number}" for number in tokens))


def outcomes(results: list[TicketResult]) -> set[Outcome]:
    return {result.outcome for result in results}


def test_all_waiting_changes_share_the_next_commit(database: Database) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(committer, [unlock(number) for number in range(20)])
        assert committer.waiting_requests == 19
        gate.open.set()
        assert all(
            outcomes(result) == {Outcome.UNLOCKED} for result in await asyncio.gather(*tasks)
        )
        assert groups.sizes == [(1, 1), (19, 19)]

    run(database, test)


def test_a_group_is_bounded_in_tokens_and_keeps_the_order_of_arrival(database: Database) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        done: list[asyncio.Task[Any]] = []
        gate.open.clear()
        changes = [unlock(*range(number * 10, number * 10 + 10)) for number in range(8)]
        tasks = await waiting(committer, changes)
        for task in tasks:
            task.add_done_callback(done.append)
        gate.open.set()
        await asyncio.gather(*tasks)
        assert done == tasks
        assert groups.sizes == [(1, 10), (3, 30), (3, 30), (1, 10)]

    run(database, test, BOUNDS._replace(group_tokens=30))


def test_a_change_without_tickets_counts_as_20_tokens(database: Database) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        exchange = ExchangeTokens(Lifetimes(1, 1), "app", GrantType.AUTHORIZATION_CODE, "code")
        gate.open.clear()
        changes = [unlock(0), exchange, exchange, unlock(*range(1, 11)), exchange]
        tasks = await waiting(committer, changes)
        gate.open.set()
        await asyncio.gather(*tasks)
        mixed = [(3, 10), (1, 0)] if gate.mixes_kinds else [(2, 0), (1, 10), (1, 0)]
        assert groups.sizes == [(1, 1), *mixed]

    run(database, test, BOUNDS._replace(group_tokens=50))


def test_a_change_above_the_limit_is_alone_in_its_group(database: Database) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(committer, [unlock(0), unlock(*range(1, 51)), unlock(60), unlock(61)])
        gate.open.set()
        await asyncio.gather(*tasks)
        assert groups.sizes == [(1, 1), (1, 50), (2, 2)]

    run(database, test, BOUNDS._replace(group_tokens=10))


def test_small_requests_are_not_starved_by_large_ones(database: Database) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        large = [unlock(*range(number * 10, number * 10 + 10)) for number in range(10)]
        tasks = await waiting(committer, [*large[:3], unlock(150), *large[3:]])
        gate.open.set()
        await tasks[3]
        assert sum(task.done() for task in tasks[4:]) <= 1
        await asyncio.gather(*tasks)

    run(database, test, BOUNDS._replace(group_tokens=11))


def test_above_the_limit_of_waiting_requests_a_request_is_refused_at_once(
    database: Database,
) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(committer, [unlock(number) for number in range(6)])
        with pytest.raises(Unavailable) as refusal:
            await committer.submit(unlock(99))
        assert refusal.value.retry_after_seconds == 1
        gate.open.set()
        await asyncio.gather(*tasks)
        assert outcomes(await committer.submit(unlock(99))) == {Outcome.UNLOCKED}

    run(database, test, BOUNDS._replace(waiting_requests=5))


@pytest.mark.parametrize("poison", [Poison(), poisoned()], ids=["another kind", "unlock"])
def test_a_failing_change_does_not_fail_its_group(database: Database, poison: Any) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(committer, [unlock(1), unlock(2), poison, unlock(3), unlock(2, 4)])
        gate.open.set()
        results: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[2], ZeroDivisionError)
        assert outcomes(results[3]) == {Outcome.UNLOCKED}
        assert outcomes(results[4]) == {Outcome.ALREADY_UNLOCKED, Outcome.UNLOCKED}
        mpreserve = database.mpreserve_of()
        unlocked = {token for token, listed in mpreserve.items() if not listed}
        assert unlocked == {"t1", "t2", "t3", "t4"}

    run(database, test)


def test_a_request_whose_caller_went_away_still_commits(database: Database) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(committer, [unlock(1), unlock(2), unlock(3)])
        for task in tasks[:2]:
            task.cancel()
        gate.open.set()
        await tasks[2]
        mpreserve = database.mpreserve_of()
        assert [mpreserve[token] for token in ("t1", "t2", "t3", "t4")] == [False] * 3 + [True]

    run(database, test)


def test_while_the_database_is_unavailable_all_waiting_changes_fail_at_once(
    database: Database,
) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        gate.refusing = True
        tasks = await waiting(committer, [unlock(number) for number in range(5)])
        gate.open.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, Unavailable) for result in results)
        assert len({id(result) for result in results}) == 5
        assert gate.commits == 1
        gate.refusing = False
        assert outcomes(await committer.submit(unlock(1))) == {Outcome.UNLOCKED}

    run(database, test)


def test_closing_finishes_accepted_changes_and_refuses_others(database: Database) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(committer, [unlock(number) for number in range(5)])
        closing = asyncio.create_task(committer.close())
        await settle()
        with pytest.raises(Unavailable):
            await committer.submit(unlock(9))
        gate.open.set()
        await closing
        assert all(outcomes(task.result()) == {Outcome.UNLOCKED} for task in tasks)

    run(database, test)


def test_an_outage_during_a_retry_fails_the_whole_rest_at_once(
    database: Database,
) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        gate.open.clear()
        tasks = await waiting(committer, [unlock(1), unlock(2), poisoned(), unlock(3), unlock(4)])
        gate.refuse_from = 3
        gate.open.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [list] + [Unavailable] * 4
        assert gate.commits == 3, "the rest did not wait in turn"

    run(database, test)


def test_a_failing_observer_leaves_no_change_waiting(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(committer: GroupCommit, gate: Gate, groups: Groups) -> None:
        def fail(*_arguments: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(groups, "group_committed", fail)
        assert outcomes(await committer.submit(unlock(1))) == {Outcome.UNLOCKED}
        with pytest.raises(Unavailable):
            await committer.submit(unlock(2))

    with pytest.raises(ZeroDivisionError):
        run(database, test)
