"""The messages of endpoints in short, and lists of some of them, on every engine."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.domain.webhook import Activity, DeliveryFilter, MessageState, Webhook
from seatlatch.store.webhooks import Attempt, NewMessage
from tests.databases import Clock, Database
from tests.serving import CHANNEL, fill
from tests.stores import OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
HOOK = Webhook("wh_1", CHANNEL, "https://example.com/", True, NOW, "whsec_a", {})
OTHER = HOOK._replace(webhook_id="wh_2")
ATTEMPTS: Sequence[tuple[str, MessageState, str | None, int]] = [
    ("msg_0", MessageState.DELIVERED, None, 1),
    ("msg_1", MessageState.GIVEN_UP, "refused", 2),
    ("msg_2", MessageState.PENDING, "refused", 3),
    ("msg_3", MessageState.DELIVERED, None, 4),
    ("msg_4", MessageState.GIVEN_UP, "refused", 5),
]
"""Message, state, problem, and the minute of the attempt; a sixth message was not tried yet."""


@pytest.fixture
def clock(database: Database) -> Clock:
    fill(database)
    return database.clock(NOW)


@pytest.fixture
def store(database: Database, clock: Clock) -> Iterator[OpenStore]:
    with opened(database.store(clock)) as store:
        for hook in (HOOK, OTHER):
            store.commit(lambda t, hook=hook: t.webhooks.add(hook))  # type: ignore[misc]
        yield store


def add_messages(store: OpenStore, clock: Clock) -> None:
    for number in range(6):
        message = NewMessage(f"msg_{number}", ["t"], "{}")
        store.commit(lambda t, message=message: t.webhooks.add_message("wh_1", message))  # type: ignore[misc]
        clock.now += timedelta(seconds=1)
    for message_id, state, problem, minute in ATTEMPTS:
        at = NOW + timedelta(minutes=minute)
        attempt = Attempt(message_id, state, at, LATER, 500, problem, 9, b"")
        store.commit(lambda t, attempt=attempt: t.webhooks.note_attempt(attempt))  # type: ignore[misc]


def activity(store: OpenStore, limit: int = 9) -> dict[str, Activity]:
    names = ["wh_1", "wh_2", "wh_absent"]
    return dict(store.read(lambda s: s.webhooks.activity(names, limit)))


def test_an_endpoint_without_messages_has_none(store: OpenStore) -> None:
    assert activity(store) == {"wh_1": Activity(), "wh_2": Activity()}


def test_waiting_messages_and_the_latest_success(store: OpenStore, clock: Clock) -> None:
    add_messages(store, clock)
    success = NOW + timedelta(minutes=4)
    waiting_since = NOW + timedelta(seconds=2)
    shown = activity(store)
    assert shown == {"wh_1": Activity(2, waiting_since, success), "wh_2": Activity()}


def test_what_is_counted_and_sought_is_bounded(store: OpenStore, clock: Clock) -> None:
    add_messages(store, clock)
    bounded = activity(store, limit=1)["wh_1"]
    assert (bounded.waiting, bounded.delivered_at) == (1, None)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("all", [5, 4, 3, 2, 1, 0]),
        ("failed", [4, 2, 1]),
        ("pending", [5, 2]),
        ("given_up", [4, 1]),
    ],
)
def test_some_messages_are_listed(
    store: OpenStore, clock: Clock, wanted: DeliveryFilter, expected: list[int]
) -> None:
    add_messages(store, clock)
    found = store.read(lambda s: s.webhooks.deliveries("wh_1", 9, wanted))
    assert [one.message_id for one in found] == [f"msg_{number}" for number in expected]
    first, *rest = found
    after = store.read(lambda s: s.webhooks.deliveries("wh_1", 9, wanted, first.number))
    assert list(after) == rest
    assert not store.read(lambda s: s.webhooks.deliveries("wh_2", 9, wanted))
