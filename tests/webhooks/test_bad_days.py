"""Delivery while the database, the journal or a clock has a problem, on every engine."""

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

from seatlatch.domain.refusal import NotDone, Unavailable
from seatlatch.domain.webhook import WebhookState
from seatlatch.logs import make_log
from seatlatch.operations import prune_journal, send_messages
from seatlatch.sink import STANDARD_ERROR
from seatlatch.store.interface import Result, Snapshot, Transaction
from seatlatch.webhooks import selection
from seatlatch.webhooks.dispatcher import Dispatcher
from seatlatch.webhooks.endpoint import Endpoint
from tests.databases import Database
from tests.operations.changes import ACTOR, ASKER
from tests.stores import Around
from tests.webhooks.receivers import Received, answering, receiving, take
from tests.webhooks.webhook_harness import Harness, dispatching, run, with_tickets

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class Switch(Around):
    """A real store that can become unavailable or hang."""

    is_unavailable = False
    hang: asyncio.Event | None = None
    """No call returns before it is set."""

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        await self._wait()
        return await super().commit(work)

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        await self._wait()
        return await super().read(work)

    async def _wait(self) -> None:
        if Switch.hang:
            await Switch.hang.wait()
        if Switch.is_unavailable:
            raise Unavailable("unavailable")


@pytest.fixture(autouse=True)
def switched_on() -> None:
    Switch.is_unavailable, Switch.hang = False, None


def test_changes_around_an_outage_of_the_database_are_delivered(
    database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Delivery continues by itself, and the log reports it once, not at every poll."""
    monkeypatch.setattr(
        "tests.webhooks.webhook_harness.make_log", lambda *_: make_log("json", "info")
    )
    deliver_after_an_outage(database, monkeypatch)
    said = capfd.readouterr().err
    assert said.count("The database is not reachable.") == 1
    assert said.count("The database is reachable again.") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_log_that_cannot_be_written_does_not_stop_delivery(
    database: Database, monkeypatch: pytest.MonkeyPatch, log_format: Literal["console", "json"]
) -> None:
    monkeypatch.setattr(
        "tests.webhooks.webhook_harness.make_log", lambda *_: make_log(log_format, "info")
    )
    dropped = STANDARD_ERROR.dropped_lines
    with unwritable_standard_error():
        deliver_after_an_outage(database, monkeypatch)
    assert STANDARD_ERROR.dropped_lines >= dropped + 2


@contextmanager
def unwritable_standard_error() -> Iterator[None]:
    """Standard error is a file on a full disk."""
    kept, full = os.dup(2), os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, 2)
    try:
        yield
    finally:
        STANDARD_ERROR.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(full)


def deliver_after_an_outage(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change two tickets, one of them during an outage; both are delivered in the end."""
    with_tickets(database, 3)
    polls = count_polls(monkeypatch)

    async def test() -> None:
        async def respond(received: Received) -> bytes:
            Switch.is_unavailable = "t0" in received.versions and len(receiver.received) == 1
            return await take(received)

        async with receiving(respond) as receiver, dispatching(database, around=Switch) as harness:
            await harness.add(receiver.url)
            await harness.override("t0")
            await receiver.count(1)  # its result cannot be stored
            await harness.override("t1")
            await polls(20)
            Switch.is_unavailable = False
            await receiver.until(lambda received: any("t1" in one.versions for one in received))
            await harness.observer.count("delivered", 2)
            assert len({one.message_id for one in receiver.received}) == 2

    run(test())


def count_polls(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Awaitable[None]]:
    """Returns a function that waits until the dispatcher has polled that many more times."""
    poll, done = Dispatcher.poll, asyncio.Event()

    async def counted(self: Dispatcher) -> None:
        try:
            await poll(self)
        finally:
            done.set()

    async def until(times: int) -> None:
        for _ in range(times):
            done.clear()
            await done.wait()

    monkeypatch.setattr(Dispatcher, "poll", counted)
    return until


def test_it_stops_in_time_while_the_database_hangs(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database, around=Switch) as harness:
            await harness.add(receiver.url)
            await harness.override("t0")
            await harness.observer.count("delivered", 1)
            Switch.hang = asyncio.Event()
            began_at = monotonic()
            await harness.dispatcher.close()
            assert monotonic() - began_at < 2
            Switch.hang.set()

    run(test())


def test_a_bug_does_not_stop_an_endpoint_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tickets(database, 1)
    make_messages = Endpoint._make_messages
    failed: list[Endpoint] = []

    async def broken(self: Endpoint) -> None:
        if len(failed) < 3:
            failed.append(self)
            raise RuntimeError("a bug")
        await make_messages(self)

    monkeypatch.setattr(Endpoint, "_make_messages", broken)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            await harness.add(receiver.url)
            await harness.override("t0")
            await harness.observer.count("delivered", 1)

    run(test())
    assert len(failed) == 3


def test_an_endpoint_behind_a_pruned_journal_gets_the_rest_with_a_warning(
    database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with_tickets(database, 3)
    monkeypatch.setattr(
        "tests.webhooks.webhook_harness.make_log", lambda *_: make_log("json", "warning")
    )

    async def test() -> None:
        async with receiving() as receiver, dispatching(database, started=False) as harness:
            webhook = await harness.add(receiver.url)
            await harness.set_state(webhook, WebhookState.PAUSED)
            await harness.override("t0")
            await prune_all(harness)
            await harness.override("t1")
            await harness.set_state(webhook, WebhookState.ACTIVE)
            harness.dispatcher.start()
            (received,) = await receiver.count(1)
            assert received.versions == {"t1": 2}

    run(test())
    assert "The journal was pruned beyond the endpoint's position" in capfd.readouterr().err


async def prune_all(harness: Harness) -> None:
    for chain in await harness.store.read(lambda snapshot: snapshot.journal.read_chains()):
        number = chain.head.chain
        work = partial(prune_journal.rows_to_prune, chain=number, before=NEVER)
        if rows := await harness.store.read(work):
            await prune_journal.prune_rows(harness.committer, ASKER, rows)


def test_a_clock_behind_the_databases_delays_nothing(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with (
            receiving(answering(500)) as receiver,
            dispatching(database, started=False) as harness,
        ):
            harness.dispatcher._dependencies = harness.dispatcher._dependencies._replace(
                clock=lambda: datetime.now(UTC) - timedelta(hours=1)
            )
            await harness.add(receiver.url)
            await harness.override("t0")
            harness.dispatcher.start()
            await harness.observer.count("failed", 1)
            receiver.respond = take
            await harness.observer.count("delivered", 1)

    run(test())


def test_an_entry_of_many_tickets_is_delivered_completely(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tickets(database, 40)
    monkeypatch.setattr(selection, "TICKETS_AT_ONCE_MAX", 7)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            await harness.add(receiver.url)
            await harness.override(*(f"t{n}" for n in range(10)))
            for n in range(10, 20):
                await harness.override(f"t{n}")
            await harness.override(*(f"t{n}" for n in range(20, 40)))
            await harness.observer.count("delivered", 12)
            delivered = [token for one in receiver.received for token in one.versions]
            assert sorted(delivered) == sorted(f"t{n}" for n in range(40))

    run(test())


def test_several_messages_are_replayed_or_none(database: Database) -> None:
    with_tickets(database, 3)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            await harness.override("t1")
            await harness.observer.count("delivered", 2)
            ids = [one.message_id for one in receiver.received]
            unknown = [*ids, f"msg_{'0' * 32}"]
            with pytest.raises(NotDone):
                await send_messages.replay(harness.committer, ACTOR, webhook.webhook_id, unknown)
            assert (
                await send_messages.replay(harness.committer, ACTOR, webhook.webhook_id, ids) == 2
            )
            await harness.observer.count("delivered", 4)
            assert sorted(one.message_id for one in receiver.received) == sorted([*ids, *ids])

    run(test())
