"""The deliveries of a ticket's changes, by the entries of the journal that they are about."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from seatlatch.domain.webhook import MessageState, Webhook
from seatlatch.store.webhooks import NewMessage, TicketDelivery
from tests.cases import all_cases
from tests.databases import Database
from tests.serving import CHANNEL, OTHER_CHANNEL, fill
from tests.stores import OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOOK = Webhook("wh_1", CHANNEL, "https://example.com/", False, NOW, "whsec_a", {1: 0})
OTHER = HOOK._replace(webhook_id="wh_2", channel_code=OTHER_CHANNEL)
STRANGE = ['quo"te', "back\\slash", 'a","b', "é🎟", "<script>", "%_"]
BIG = 2**60 + 7


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database)
    with opened(database.store(NOW)) as store:
        store.commit(lambda t: t.webhooks.add(HOOK))
        store.commit(lambda t: t.webhooks.add(OTHER))
        add(store, "wh_1", NewMessage("msg_1", ["a", *STRANGE], "{}", entry_id=BIG))
        add(store, "wh_2", NewMessage("msg_2", ["a", "b"], "{}", entry_id=BIG))
        add(store, "wh_1", NewMessage("msg_3", ["a"], "{}", entry_id=BIG + 1))
        add(store, "wh_1", NewMessage("msg_4", [], "{}", "test"))
        yield store


def add(store: OpenStore, webhook_id: str, message: NewMessage) -> None:
    store.commit(lambda t: t.webhooks.add_message(webhook_id, message))


def found(
    store: OpenStore, token: str, *entry_ids: int, limit: int = 9
) -> Sequence[TicketDelivery]:
    return store.read(lambda s: s.webhooks.deliveries_of(token, entry_ids, limit))


def ids(deliveries: Sequence[TicketDelivery]) -> list[tuple[int, str, str]]:
    return [(one.entry_id, one.channel_code, one.delivery.message_id) for one in deliveries]


def test_deliveries_of_a_ticket_are_those_of_its_entries(store: OpenStore) -> None:
    first = [(BIG, OTHER_CHANNEL, "msg_2"), (BIG, CHANNEL, "msg_1")]
    assert ids(found(store, "a", BIG)) == first
    assert ids(found(store, "a", BIG, BIG + 1)) == [(BIG + 1, CHANNEL, "msg_3"), *first]
    assert ids(found(store, "a", BIG, BIG + 1, limit=1)) == [(BIG + 1, CHANNEL, "msg_3")]
    assert ids(found(store, "b", BIG, BIG + 1)) == first[:1]
    assert found(store, "c", BIG) == found(store, "a", 1) == found(store, "a") == []


def test_a_delivery_has_its_state(store: OpenStore) -> None:
    (one,) = found(store, "a", BIG + 1)
    assert (one.webhook_id, one.delivery.state) == ("wh_1", MessageState.PENDING)
    assert (one.delivery.entity, one.delivery.created_at) == ("seats", NOW)


@all_cases("token", STRANGE)
def test_a_strange_token_is_found(store: OpenStore, token: str) -> None:
    assert ids(found(store, token, BIG)) == [(BIG, CHANNEL, "msg_1")]


@all_cases("token", ["quo", "te", '"', ",", '","', "b\\", "script", "%", "\0", ""])
def test_a_part_of_a_token_is_not(store: OpenStore, token: str) -> None:
    assert found(store, token, BIG) == []
