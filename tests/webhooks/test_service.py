"""Webhooks of the whole service, from its start to its stop."""

import asyncio
import threading
from time import monotonic

from seatlatch.commit import CommitEach
from seatlatch.operations.write_webhooks import add_webhook
from tests.databases import Database
from tests.operations.changes import ACTOR
from tests.serving import CHANNEL, serving
from tests.stores import opened
from tests.webhooks.receivers import Received, Receiver, receiver_in_thread, take
from tests.webhooks.webhook_harness import with_tickets

STOP_SECONDS = 4.0


def add(database: Database, receiver: Receiver) -> None:
    with opened(database.store()) as store:
        committer = CommitEach(store.store)
        store.run(add_webhook(committer, ACTOR, receiver.url, CHANNEL, own_changes=True))


def test_an_unlock_is_delivered(database: Database) -> None:
    with_tickets(database, 1)
    came = threading.Event()

    async def respond(received: Received) -> bytes:
        came.set()
        return await take(received)

    with receiver_in_thread(respond) as receiver:
        add(database, receiver)
        with serving(database, webhook_addresses="loopback") as served:
            answer = served.unlock("t0")
            assert came.wait(10)
        (received,) = receiver.received
        assert answer.headers["Request-ID"] in received.body.decode()


def test_the_service_stops_in_time_while_a_receiver_hangs(database: Database) -> None:
    with_tickets(database, 1)
    came = threading.Event()

    async def respond(_received: Received) -> bytes:
        came.set()
        await asyncio.Event().wait()
        return b""

    with receiver_in_thread(respond) as receiver:
        add(database, receiver)
        with serving(database, webhook_addresses="loopback") as served:
            served.unlock("t0")
            assert came.wait(10)
            stopped_at = monotonic()
        assert monotonic() - stopped_at < STOP_SECONDS
    assert database.execute("SELECT state FROM webhook_messages") == [("pending",)]
    assert database.execute("SELECT lease_holder FROM webhooks") == [(None,)]


def test_the_service_does_not_send_to_this_machine_by_default(database: Database) -> None:
    with_tickets(database, 1)
    with receiver_in_thread(take) as receiver:
        add(database, receiver)
        with serving(database) as served:
            served.unlock("t0")
            problem = None
            deadline = monotonic() + 10
            while problem is None and monotonic() < deadline:
                rows = database.execute("SELECT problem FROM webhook_messages")
                problem = rows[0][0] if rows else None
        assert problem == (
            "The host has an address that is neither public nor in SEATLATCH_WEBHOOK_NETWORKS."
        )
        assert receiver.connections == 0
