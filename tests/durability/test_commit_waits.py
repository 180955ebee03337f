"""A COMMIT that is not answered: it is never cancelled, and given up after a time.

`synchronous_standby_names` names a standby that is not there, so that every COMMIT waits for it.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import Any

import psycopg
import pytest

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.interface import DatabaseProblem, Transaction
from seatlatch.store.postgres import commit, schema, store
from seatlatch.store.postgres.abandoned import ABANDONED_SESSIONS_MAX, Reservation
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.connection import Statement
from seatlatch.store.postgres.transaction import PostgresTransaction
from seatlatch.store.tickets import Mpreserve
from seatlatch.wiring import engine_of
from tests.durability.callers import READY
from tests.durability.fault_scenarios import (
    CHANGES,
    FREE_TOKENS,
    Day,
    WatchedServer,
    a_day,
    an_inventory,
)
from tests.durability.pooler import pooler
from tests.operations.changes import NO_ENTRY
from tests.postgres_database import MAINTENANCE
from tests.serving import CHANNEL, ORGANIZATION, VERIFY
from tests.waiting import until

WAITING_SECONDS = 5
WAITING = """
SELECT pid FROM pg_stat_activity
WHERE query = 'COMMIT' AND state = 'active' AND wait_event = 'SyncRep' AND datname = %s
"""
"""The backends whose COMMIT waits for a standby."""

PROBE_WAITS = """
SELECT pid FROM pg_stat_activity WHERE application_name = 'probe' AND wait_event = 'SyncRep'
"""


@contextmanager
def no_standby(server: WatchedServer) -> Iterator[psycopg.Connection[Any]]:
    """From now on every COMMIT waits; a connection to look at that, which waits for nobody."""
    url = server.url(MAINTENANCE)
    over = Event()
    with psycopg.connect(url, autocommit=True, options="-c synchronous_commit=local") as hand:
        set_standby(hand, "nobody")
        probe = Thread(target=commit_again_and_again, args=(url, over), daemon=True)
        probe.start()
        try:
            while not hand.execute(PROBE_WAITS).fetchall():
                assert probe.is_alive()
            yield hand
        finally:
            over.set()
            set_standby(hand, "")
            probe.join(WAITING_SECONDS)


def commit_again_and_again(url: str, over: Event) -> None:
    """The server applies its new setting a little later: until then a COMMIT would not wait."""
    with psycopg.connect(url, autocommit=True, application_name="probe") as connection:
        while not over.is_set():
            connection.execute("SELECT pg_logical_emit_message(true, 'probe', '')")


def set_standby(hand: psycopg.Connection[Any], name: str) -> None:
    hand.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'".encode())
    hand.execute("SELECT pg_reload_conf()")


def waiting_commits(hand: psycopg.Connection[Any], day: Day, least: int = 1) -> list[int]:
    """The backends whose COMMIT waits, once there are so many."""

    def found() -> list[int]:
        pids = [pid for (pid,) in hand.execute(WAITING, (day.name,))]
        return pids if len(pids) >= least else []

    return until(found, WAITING_SECONDS)


def break_off(hand: psycopg.Connection[Any], day: Day, end: str, asked: Future[Any]) -> bool:
    """Break off every COMMIT that waits, among which there may be others for an instant; returns
    whether the response is there.
    """
    for (pid,) in hand.execute(WAITING, (day.name,)).fetchall():
        hand.execute(f"SELECT {end}(%s)".encode(), (pid,))
    return asked.done()


def test_a_commit_that_hangs_is_refused_and_goes_on(server: WatchedServer) -> None:
    with a_day(server) as day:
        with no_standby(server) as hand:
            day.is_refused(CHANGES)
            first = waiting_commits(hand, day)
            day.is_refused(CHANGES)
            day.is_answered(VERIFY)
            day.is_refused(READY)
            assert "\nseatlatch_synchronous_replication 1.0\n" in scraped(day)
            assert not waits_for_standby(day, "local")
            assert set(first) <= set(waiting_commits(hand, day)), "nobody has cancelled it"
        day.is_answered()
        assert "\nseatlatch_synchronous_replication 0.0\n" in scraped(day)


def scraped(day: Day) -> str:
    return day.served.send("/metrics", "GET", {}).text


def waits_for_standby(day: Day, synchronous_commit: str) -> bool | None:
    """Whether the metric says so for sessions with this setting."""
    url = f"{day.database.url}?options=-c%20synchronous_commit%3D{synchronous_commit}"

    async def ask() -> bool | None:
        store = engine_of(url, "none").open_store("inventory")
        try:
            return (await store.surroundings()).waits_for_standby
        finally:
            await store.close()

    return asyncio.run(ask())


def test_sessions_that_are_left_in_commit_are_bounded(
    server: WatchedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond four of them changes are refused at once, until they have ended."""
    monkeypatch.setattr(commit, "COMMIT_SECONDS", 0.5)
    with a_day(server) as day:
        day.callers.stop()
        with no_standby(server) as hand:
            refused = [lock_free(day, token) for token in FREE_TOKENS]
            assert refused[-1] < 0.3, "it waits for nothing any more"
            left = waiting_commits(hand, day, ABANDONED_SESSIONS_MAX)
            assert len(left) == ABANDONED_SESSIONS_MAX
            assert day.served.lock(FREE_TOKENS[0]).status_code == 503
            assert waiting_commits(hand, day) == left
        until(lambda: day.served.lock(*FREE_TOKENS).status_code == 200, WAITING_SECONDS)


def test_control_sessions_pile_up_where_nobody_counts_them(
    server: WatchedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "COMMIT_SECONDS", 0.5)
    monkeypatch.setattr(Reservation, "abandon", lambda reservation, pid: None)
    with a_day(server) as day:
        day.callers.stop()
        with no_standby(server) as hand:
            for token in FREE_TOKENS[: 2 * ABANDONED_SESSIONS_MAX]:
                lock_free(day, token)
            assert len(waiting_commits(hand, day)) > ABANDONED_SESSIONS_MAX


def lock_free(day: Day, token: str) -> float:
    """Lock a ticket while nothing is confirmed; how long it took to be refused, in seconds."""
    began = monotonic()
    assert day.served.lock(token).status_code == 503
    return monotonic() - began


@pytest.mark.parametrize("end", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_commit_that_is_broken_off_is_not_acknowledged(server: WatchedServer, end: str) -> None:
    """It is done here, but would not be if a standby took over: so it is no success."""
    with a_day(server) as day, ThreadPoolExecutor(1) as thread:
        day.callers.stop()
        with no_standby(server) as hand:
            for token in FREE_TOKENS[:3]:
                asked = thread.submit(day.served.lock, token)
                until(partial(break_off, hand, day, end, asked), WAITING_SECONDS)
                answer = asked.result()
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert day.served.lock(*FREE_TOKENS).status_code == 200


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
def test_a_session_that_was_left_counts_until_it_has_ended(
    server: WatchedServer, monkeypatch: pytest.MonkeyPatch, pooled: bool
) -> None:
    """Behind a pooler only the transaction itself knows the process that has it."""
    monkeypatch.setattr(commit, "COMMIT_SECONDS", 0.5)
    with an_inventory(server) as database, pooler(server) as address:
        url = address.format(name=database.database) if pooled else database.url

        async def leave() -> None:
            left = store.PostgresStore(Address.of(url, pooled=pooled))
            with no_standby(server) as hand:
                with pytest.raises(Unavailable):
                    await left.commit(locking)
                assert left.unfinished_commits == 1
                assert [session.pid for session in await left._abandoned._still_open()] == [
                    pid for (pid,) in hand.execute(WAITING, (database.database,))
                ]
            async with asyncio.timeout(WAITING_SECONDS):
                while await left._abandoned._still_open():
                    pass
                assert left._abandoned._checking
                await left._abandoned._checking
            assert left.unfinished_commits == 0
            await left.close()

        asyncio.run(leave())


def test_an_import_does_not_wait_for_ever_for_its_commit(
    server: WatchedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "COMMIT_SECONDS", 0.5)
    with an_inventory(server) as database, no_standby(server) as hand:
        with (
            pytest.raises(DatabaseProblem, match="did not confirm"),
            engine_of(database.url).importing(ORGANIZATION) as importing,
        ):
            importing.stage([(1, TicketRecord("new", ORGANIZATION, "owner"))])
            importing.remove_conflicts(print)
            list(importing.merge())
        assert hand.execute(WAITING, (database.database,)).fetchall()


def test_a_warning_is_no_acknowledgement(server: WatchedServer) -> None:
    """The store's own word, with nobody else about."""
    with a_day(server) as day, no_standby(server) as hand:
        day.callers.stop()
        for pid in waiting_commits(hand, day, least=0):
            hand.execute("SELECT pg_cancel_backend(%s)", (pid,))

        async def lock() -> None:
            store = engine_of(day.database.url, "none").open_store("inventory")
            committing = asyncio.create_task(store.commit(locking))
            (pid,) = await asyncio.to_thread(waiting_commits, hand, day)
            hand.execute("SELECT pg_cancel_backend(%s)", (pid,))
            with pytest.raises(Unavailable):
                await committing
            set_standby(hand, "")
            assert await store.commit(locking) == {}, "it is done, and was not acknowledged"
            await store.close()

        asyncio.run(lock())


def test_the_bound_on_statements_is_none_on_commit(
    server: WatchedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: what is a statement's own time is bounded by the server too."""
    monkeypatch.setattr(store, "WRITE_SECONDS", 60)  # of our own bounds, not of the server's
    with a_day(server) as day:

        async def sleep() -> None:
            store = engine_of(day.database.url, "none").open_store("inventory")
            with pytest.raises(Unavailable) as refusal:
                await store.commit(sleeping)
            assert isinstance(refusal.value.__cause__, psycopg.errors.QueryCanceled)
            await store.close()

        began = monotonic()
        asyncio.run(sleep())
        assert monotonic() - began < WAITING_SECONDS


async def locking(inside: Transaction) -> object:
    wanted = Mpreserve(Channel(CHANNEL, frozenset({ORGANIZATION})), Listing())
    return await inside.tickets.change_mpreserve({FREE_TOKENS[0]: wanted}, NO_ENTRY)


async def sleeping(inside: Transaction) -> object:
    assert isinstance(inside, PostgresTransaction)
    return await inside.tickets._write(Statement("SELECT 'slept', pg_sleep(60)::text"))
