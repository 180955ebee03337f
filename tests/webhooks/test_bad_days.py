"""Endpoints while the database, the journal or a clock is not as it should be: on every engine."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Literal

import pytest

from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.webhook import WebhookState
from seatlatch.logs import make_log
from seatlatch.operations import prune_journal, write_webhooks
from seatlatch.operations.provision import NotDone
from seatlatch.sink import STANDARD_ERROR
from seatlatch.store.interface import Result, Snapshot, Transaction
from seatlatch.webhooks import feed
from seatlatch.webhooks.deliverer import Deliverer
from seatlatch.webhooks.endpoint import Endpoint
from tests.databases import Database
from tests.operations.changes import ASKER
from tests.stores import Around
from tests.webhooks.receivers import Received, answering, receiving, take
from tests.webhooks.telling import Teller, run, telling, with_tickets

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class Switch(Around):
    """A real store that can be out of reach, or that nobody hears of."""

    is_away = False
    silence: asyncio.Event | None = None
    """Nobody is answered before it is set."""

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        await self._answer()
        return await super().commit(work)

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        await self._answer()
        return await super().read(work)

    async def _answer(self) -> None:
        if Switch.silence:
            await Switch.silence.wait()
        if Switch.is_away:
            raise Unavailable("away")


@pytest.fixture(autouse=True)
def switched_on() -> None:
    Switch.is_away, Switch.silence = False, None


def test_what_happened_while_the_database_was_away_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It goes on by itself, and says so once, not at every look."""
    monkeypatch.setattr("tests.webhooks.telling.make_log", lambda *_: make_log("json", "info"))
    deliver_after_an_absence(database, monkeypatch)
    said = capfd.readouterr().err
    assert said.count("The database is not reachable.") == 1
    assert said.count("The database is reachable again.") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_nor_does_a_log_that_cant_be_written_end_the_deliveries(
    database: Database, monkeypatch: pytest.MonkeyPatch, log_format: Literal["console", "json"]
) -> None:
    monkeypatch.setattr("tests.webhooks.telling.make_log", lambda *_: make_log(log_format, "info"))
    dropped = STANDARD_ERROR.dropped_lines
    with unwritable_standard_error():
        deliver_after_an_absence(database, monkeypatch)
    assert STANDARD_ERROR.dropped_lines >= dropped + 2


@contextmanager
def unwritable_standard_error() -> Iterator[None]:
    """What is written to standard error meets a full disk."""
    kept, full = os.dup(2), os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, 2)
    try:
        yield
    finally:
        STANDARD_ERROR.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(full)


def deliver_after_an_absence(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change two tickets, one of them while the database is away; both are delivered in the end."""
    with_tickets(database, 3)
    looks = count_looks(monkeypatch)

    async def test() -> None:
        async def respond(received: Received) -> bytes:
            Switch.is_away = "t0" in received.versions and len(receiver.received) == 1
            return await take(received)

        async with receiving(respond) as receiver, telling(database, around=Switch) as teller:
            await teller.add(receiver.url)
            await teller.override("t0")
            await receiver.count(1)  # what became of it can't be kept
            await teller.override("t1")
            await looks(20)
            Switch.is_away = False
            await receiver.until(lambda received: any("t1" in one.versions for one in received))
            await teller.told.count("delivered", 2)
            assert len({one.message_id for one in receiver.received}) == 2

    run(test())


def count_looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Awaitable[None]]:
    """Wait until a deliverer has looked so many times more, whatever it found."""
    look, done = Deliverer.look, asyncio.Event()

    async def counted(self: Deliverer) -> None:
        try:
            await look(self)
        finally:
            done.set()

    async def until(times: int) -> None:
        for _ in range(times):
            done.clear()
            await done.wait()

    monkeypatch.setattr(Deliverer, "look", counted)
    return until


def test_it_stops_in_time_beside_a_database_that_says_nothing(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with receiving() as receiver, telling(database, around=Switch) as teller:
            await teller.add(receiver.url)
            await teller.override("t0")
            await teller.told.count("delivered", 1)
            Switch.silence = asyncio.Event()
            began_at = monotonic()
            await teller.deliverer.close()
            assert monotonic() - began_at < 2
            Switch.silence.set()

    run(test())


def test_a_bug_ends_no_endpoint_for_good(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tickets(database, 1)
    move = Endpoint._move
    failed: list[Endpoint] = []

    async def broken(self: Endpoint) -> None:
        if len(failed) < 3:
            failed.append(self)
            raise RuntimeError("a bug")
        await move(self)

    monkeypatch.setattr(Endpoint, "_move", broken)

    async def test() -> None:
        async with receiving() as receiver, telling(database) as teller:
            await teller.add(receiver.url)
            await teller.override("t0")
            await teller.told.count("delivered", 1)

    run(test())
    assert len(failed) == 3


def test_who_comes_back_after_the_journal_was_pruned_is_told_what_is_left(
    database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with_tickets(database, 3)
    monkeypatch.setattr("tests.webhooks.telling.make_log", lambda *_: make_log("json", "warning"))

    async def test() -> None:
        async with receiving() as receiver, telling(database, started=False) as teller:
            webhook = await teller.add(receiver.url)
            await teller.set_state(webhook, WebhookState.PAUSED)
            await teller.override("t0")
            await prune_all(teller)
            await teller.override("t1")
            await teller.set_state(webhook, WebhookState.ACTIVE)
            teller.deliverer.start()
            (received,) = await receiver.count(1)
            assert received.versions == {"t1": 2}

    run(test())
    assert "The journal was pruned beyond where it was" in capfd.readouterr().err


async def prune_all(teller: Teller) -> None:
    for chain in await teller.store.read(lambda snapshot: snapshot.read_chains()):
        number = chain.head.chain
        work = partial(prune_journal.rows_to_prune, chain=number, before=NEVER)
        if rows := await teller.store.read(work):
            await prune_journal.prune_rows(teller.commits, ASKER, rows)


def test_a_clock_behind_the_databases_keeps_nothing_waiting(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with (
            receiving(answering(500)) as receiver,
            telling(database, started=False) as teller,
        ):
            teller.deliverer._means = teller.deliverer._means._replace(
                clock=lambda: datetime.now(UTC) - timedelta(hours=1)
            )
            await teller.add(receiver.url)
            await teller.override("t0")
            teller.deliverer.start()
            await teller.told.count("failed", 1)
            receiver.respond = take
            await teller.told.count("delivered", 1)

    run(test())


def test_an_entry_of_many_tickets_is_told_wholly(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tickets(database, 40)
    monkeypatch.setattr(feed, "TICKETS_AT_ONCE_MAX", 7)

    async def test() -> None:
        async with receiving() as receiver, telling(database) as teller:
            await teller.add(receiver.url)
            await teller.override(*(f"t{n}" for n in range(10)))
            for n in range(10, 20):
                await teller.override(f"t{n}")
            await teller.override(*(f"t{n}" for n in range(20, 40)))
            await teller.told.count("delivered", 12)
            told = [token for one in receiver.received for token in one.versions]
            assert sorted(told) == sorted(f"t{n}" for n in range(40))

    run(test())


def test_several_messages_are_replayed_or_none(database: Database) -> None:
    with_tickets(database, 3)

    async def test() -> None:
        async with receiving() as receiver, telling(database) as teller:
            webhook = await teller.add(receiver.url)
            await teller.override("t0")
            await teller.override("t1")
            await teller.told.count("delivered", 2)
            ids = [one.message_id for one in receiver.received]
            unknown = [*ids, f"msg_{'0' * 32}"]
            with pytest.raises(NotDone):
                await write_webhooks.replay(teller.commits, webhook.webhook_id, unknown)
            assert await write_webhooks.replay(teller.commits, webhook.webhook_id, ids) == 2
            await teller.told.count("delivered", 4)
            assert sorted(one.message_id for one in receiver.received) == sorted([*ids, *ids])

    run(test())
