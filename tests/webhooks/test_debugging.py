"""What support sees of an endpoint: its state, each response, tests, and another URL."""

import asyncio
import json

import pytest
from standardwebhooks import Webhook as Verifier

from seatlatch.domain.refusal import NotDone
from seatlatch.domain.webhook import RESPONSE_BYTES_KEPT, Webhook, WebhookState, shown_body
from seatlatch.logs import make_log
from seatlatch.operations import read_webhooks, send_messages
from seatlatch.sink import STANDARD_ERROR
from seatlatch.webhooks.message_for_test import message_for_test
from tests.cases import all_cases
from tests.databases import Database
from tests.webhooks.receivers import Received, Respond, answering, receiving, take
from tests.webhooks.webhook_harness import REQUEST_ID, Harness, dispatching, run, with_tickets

SECRET_BODY = b"a secret of the receiver"


def saying(status: int, body: bytes) -> Respond:
    """A receiver that always responds with this body."""

    async def respond(_received: Received) -> bytes:
        return b"HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)

    return respond


async def send_test(harness: Harness, webhook: Webhook) -> str:
    return await harness.change(
        send_messages.send_test, webhook.webhook_id, lambda now: message_for_test(REQUEST_ID, now)
    )


def test_it_fails_from_the_first_failure_to_the_next_success(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving(answering(500)) as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            assert webhook.shown_state == "active"
            await harness.override("t0")
            await harness.observer.count("failed", 1)
            first = await harness.now(webhook)
            assert (first.shown_state, first.problem) == ("failing", "The receiver answered 500.")
            assert first.failing_since
            receiver.respond = answering(503)
            await harness.observer.count("failed", harness.observer.results.count("failed") + 2)
            later = await harness.now(webhook)
            assert later.problem == "The receiver answered 503."
            assert later.failing_since == first.failing_since
            await harness.observer.until(lambda: harness.observer.states == {"failing": 1})
            receiver.respond = take
            await harness.observer.count("delivered", 1)
            assert await harness.now(webhook) == later._replace(
                failing_since=None, problem=None, position=later.position
            )
            await harness.observer.until(lambda: harness.observer.states == {"active": 1})

    run(test())


def test_the_success_rate_is_listed(database: Database) -> None:
    with_tickets(database, 3)

    async def test() -> None:
        async with (
            receiving() as receiver,
            dispatching(database, delays=(3_600,)) as harness,
        ):
            webhook = await harness.add(receiver.url)
            other = await harness.add(receiver.url)
            await harness.set_state(other, WebhookState.PAUSED)
            await harness.override("t0")
            await harness.override("t1")
            await harness.observer.count("delivered", 2)
            receiver.respond = answering(500)
            await harness.override("t2")
            await harness.observer.count("failed", 1)
            listed = await harness.store.read(read_webhooks.list_webhooks)
            found = await harness.store.read(lambda s: read_webhooks.with_rates(s, listed))
            rates = {rated.webhook.webhook_id: rated.success_rate for rated in found}
            assert rates == {
                webhook.webhook_id: pytest.approx(2 / 3),
                other.webhook_id: None,
            }

    run(test())


def test_the_latest_response_is_kept_and_never_logged(
    database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with_tickets(database, 1)
    monkeypatch.setattr(
        "tests.webhooks.webhook_harness.make_log", lambda *_: make_log("json", "debug")
    )

    async def test() -> None:
        async with (
            receiving(saying(500, SECRET_BODY * 100)) as receiver,
            dispatching(database, delays=(3_600,)) as harness,
        ):
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            await harness.observer.count("failed", 1)
            (received,) = receiver.received
            found = await harness.details(webhook, received.message_id)
            assert found.body.encode() == received.body
            assert found.response_body == (SECRET_BODY * 100)[:RESPONSE_BYTES_KEPT]
            assert found.delivery.status == 500
            assert found.delivery.milliseconds is not None
            assert found.delivery.next_attempt_at
            receiver.respond = saying(200, b"")
            await harness.change(send_messages.replay, webhook.webhook_id, [received.message_id])
            await harness.observer.count("delivered", 1)
            found = await harness.details(webhook, received.message_id)
            assert (found.delivery.status, found.response_body) == (200, b"")

    run(test())
    STANDARD_ERROR.flush()
    logged = capfd.readouterr().err
    assert "The receiver answered 500." in logged
    assert SECRET_BODY.decode() not in logged


def test_an_attempt_without_a_response_has_its_time(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async def wait(_received: Received) -> bytes:
            await asyncio.sleep(0.05)
            return b""

        async with receiving(wait) as receiver, dispatching(database, delays=(3_600,)) as harness:
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            await harness.observer.count("failed", 1)
            (delivery,) = await harness.deliveries(webhook)
            found = await harness.details(webhook, delivery.message_id)
            assert (delivery.status, found.response_body) == (None, None)
            assert delivery.milliseconds
            assert delivery.milliseconds >= 50

    run(test())


@all_cases(
    ("body", "text"),
    [
        (b"", ""),
        (b"plain", "plain"),
        ("é\n".encode(), "é\n"),
        (b"caf\xe9", "caf\\xe9"),
        (b"\x00\xff", "\x00\\xff"),
        ((b"x" + "é".encode() * 600)[:RESPONSE_BYTES_KEPT], "x" + "é" * 511),
    ],
)
def test_bytes_that_are_no_text_are_escaped(body: bytes, text: str) -> None:
    """A character that the limit cuts in two is left out."""
    assert shown_body(body) == text


def test_a_test_message_is_sent_and_signed_like_others(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            message_id = await send_test(harness, webhook)
            (received,) = await receiver.count(1)
            await harness.observer.count("delivered", 1)
            assert received.message_id == message_id
            Verifier(webhook.secret).verify(received.body, dict(received.headers))
            message = json.loads(received.body)
            assert message["metadata"] == {"messageEntity": "test"}
            assert (message["data"], message["requestId"]) == ({}, REQUEST_ID)
            (delivery,) = await harness.deliveries(webhook)
            assert (delivery.message_id, delivery.entity) == (message_id, "test")

    run(test())


def test_a_test_message_does_not_wait_behind_those_that_fail(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many messages wait as the window holds."""
    with_tickets(database, 12)
    monkeypatch.setattr("seatlatch.webhooks.endpoint.MESSAGES_WAITING_MAX", 10)

    async def test() -> None:
        async with (
            receiving(answering(500)) as receiver,
            dispatching(database, delays=(3_600,)) as harness,
        ):
            webhook = await harness.add(receiver.url)
            for number in range(12):
                await harness.override(f"t{number}")
            await harness.observer.count("failed", 10)
            receiver.respond = take
            message_id = await send_test(harness, webhook)
            await harness.observer.count("delivered", 1)
            assert receiver.received[-1].message_id == message_id
            assert (await harness.now(webhook)).shown_state == "active"

    run(test())


def test_few_test_messages_wait_and_none_for_an_endpoint_that_is_not_active(
    database: Database,
) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with dispatching(database, started=False) as harness:
            webhook = await harness.add("http://127.0.0.1:9/")
            for _ in range(send_messages.TEST_MESSAGES_MAX):
                await send_test(harness, webhook)
            with pytest.raises(NotDone, match="the most"):
                await send_test(harness, webhook)
            other = await harness.add("http://127.0.0.1:9/")
            await harness.set_state(other, WebhookState.PAUSED)
            with pytest.raises(NotDone, match="is paused"):
                await send_test(harness, other)
            assert await harness.deliveries(other) == []

    run(test())
