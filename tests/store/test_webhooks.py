"""The store contract of webhooks: tests that every engine must pass."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.domain.webhook import DeliveryDetails, MessageState, Webhook, WebhookState
from seatlatch.store.webhooks import Attempt, Backlog, NewMessage, OutgoingMessage, Pending
from tests.databases import Clock, Database
from tests.serving import CHANNEL, ORGANIZATION, OTHER_CHANNEL, fill
from tests.stores import OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
HOOK = Webhook("wh_1", CHANNEL, "https://example.com/é?q='", True, NOW, "whsec_a", {1: 7, 3: 2})
OTHER = HOOK._replace(webhook_id="wh_2", channel_code=OTHER_CHANNEL, own_changes=False)
MESSAGES = [NewMessage(f"msg_{n}", [f"t{n}", 'quo"te,\\'], f'{{"n": "é{n}"}}') for n in range(3)]


@pytest.fixture
def clock(database: Database) -> Clock:
    fill(database)
    return database.clock(NOW)


@pytest.fixture
def store(database: Database, clock: Clock) -> Iterator[OpenStore]:
    with opened(database.store(clock)) as store:
        store.commit(lambda t: t.webhooks.add(OTHER))
        store.commit(lambda t: t.webhooks.add(HOOK))
        yield store


def lease(store: OpenStore, holder: str = "me") -> bool:
    return "wh_1" in store.commit(lambda t: t.webhooks.lease(["wh_1"], holder, 60))


def move(store: OpenStore, holder: str = "me") -> list[Pending] | None:
    found = store.commit(lambda t: t.webhooks.move("wh_1", holder, {1: 7, 3: 2}, {1: 9}, MESSAGES))
    return None if found is None else list(found)


def set_state(store: OpenStore, state: WebhookState) -> None:
    assert store.commit(lambda t: t.webhooks.set_state("wh_1", state, "why"))


def pending(store: OpenStore, limit: int = 9) -> list[Pending]:
    return list(store.read(lambda s: s.webhooks.pending_messages("wh_1", limit)))


def found(store: OpenStore) -> Webhook:
    webhook = store.read(lambda s: s.webhooks.find("wh_1"))
    assert webhook
    return webhook


def note(
    store: OpenStore, message_id: str, state: MessageState, problem: str | None, at: datetime = NOW
) -> None:
    status, body = (500, b"\x00\xff") if problem else (204, b"")
    attempt = Attempt(message_id, state, at, LATER, status, problem, 1_234, body)
    store.commit(lambda t: t.webhooks.note_attempt(attempt))


def delivery(store: OpenStore, message_id: str, webhook_id: str = "wh_1") -> DeliveryDetails | None:
    return store.read(lambda s: s.webhooks.find_delivery(webhook_id, message_id))


def rates(store: OpenStore, since: datetime = NOW, limit: int = 9) -> dict[str, float]:
    return dict(store.read(lambda s: s.webhooks.success_rates(["wh_1", "wh_2"], since, limit)))


def test_an_endpoint_is_kept_as_it_was_given(store: OpenStore) -> None:
    assert list(store.read(lambda s: s.webhooks.read_all())) == sorted(
        [HOOK, OTHER], key=lambda one: one.channel_code
    )
    assert found(store) == HOOK
    assert store.read(lambda s: s.webhooks.find("wh_none")) is None
    store.commit(lambda t: t.webhooks.set_own_changes("wh_1", False))
    assert found(store) == HOOK._replace(own_changes=False)


def test_a_channel_is_read_with_its_grants(store: OpenStore) -> None:
    channel = store.read(lambda s: s.access.read_channel(CHANNEL))
    assert channel
    assert channel.organizations == {ORGANIZATION}
    assert store.read(lambda s: s.access.read_channel("nobody")) is None


def test_a_position_is_moved_with_its_messages_or_not_at_all(
    store: OpenStore, clock: Clock
) -> None:
    assert move(store) is None  # without a lease
    assert lease(store)
    assert move(store, "another") is None
    assert pending(store) == []
    added = move(store)
    assert added == pending(store)
    assert [one.message_id for one in pending(store, 2)] == ["msg_0", "msg_1"]
    assert [list(one.tokens) for one in added] == [list(one.tokens) for one in MESSAGES]
    assert {one.due_at for one in added} == {NOW}
    assert found(store).position == {1: 9}
    assert move(store) is None  # it is no longer there
    outgoing = store.read(lambda s: s.webhooks.outgoing_message("msg_2"))
    assert outgoing == OutgoingMessage(MESSAGES[2].body, HOOK.url)
    assert store.read(lambda s: s.webhooks.outgoing_message("msg_9")) is None


def test_an_endpoint_is_moved_past_changes_of_events_under_the_same_conditions(
    store: OpenStore,
) -> None:
    def move_events(before: int, after: int, holder: str = "me") -> list[str] | None:
        added = store.commit(
            lambda t: t.webhooks.move_events("wh_1", holder, before, after, MESSAGES[before:after])
        )
        return None if added is None else [one.message_id for one in added]

    assert move_events(0, 1) is None  # without a lease
    assert lease(store)
    assert move_events(0, 1, "another") is None
    assert move_events(0, 2) == ["msg_0", "msg_1"]
    assert move_events(0, 2) is None  # it is no longer there
    assert found(store).event_change_number == 2
    assert found(store).position == HOOK.position
    set_state(store, WebhookState.PAUSED)
    assert move_events(2, 3) is None


def test_an_endpoint_moves_past_entries_without_messages(store: OpenStore) -> None:
    assert lease(store)
    assert store.commit(lambda t: t.webhooks.move("wh_1", "me", {1: 7, 3: 2}, {1: 9}, [])) == []
    assert found(store).position == {1: 9}


def test_who_is_not_active_is_not_moved_nor_leased(store: OpenStore) -> None:
    assert lease(store)
    for state in (WebhookState.PAUSED, WebhookState.DISABLED):
        set_state(store, state)
        assert (found(store).state, found(store).reason) == (state, "why")
        assert move(store) is None
        assert not lease(store)
    store.commit(lambda t: t.webhooks.set_state("wh_1", WebhookState.ACTIVE, None))
    assert move(store)
    assert not store.commit(lambda t: t.webhooks.set_state("wh_9", WebhookState.ACTIVE, None))


def test_a_lease_is_one_holders_until_its_end_or_its_return(store: OpenStore, clock: Clock) -> None:
    assert lease(store, "a")
    assert not lease(store, "b")
    assert found(store).leased_to == "a"
    store.commit(lambda t: t.webhooks.release_leases("a"))
    assert found(store).leased_to is None
    assert lease(store, "b")
    clock.now += timedelta(seconds=60)
    assert found(store).leased_to is None
    assert lease(store, "a")
    assert not lease(store, "b")


def test_attempts_are_kept_and_what_ended_stays_so(store: OpenStore) -> None:
    lease(store)
    move(store)
    note(store, "msg_0", MessageState.PENDING, "refused")
    (first, *_) = pending(store)
    assert (first.attempts, first.first_attempt_at, first.due_at) == (1, NOW, LATER)
    note(store, "msg_0", MessageState.GIVEN_UP, "refused")
    note(store, "msg_0", MessageState.DELIVERED, None)  # too late
    note(store, "msg_1", MessageState.DELIVERED, None)
    assert [one.message_id for one in pending(store)] == ["msg_2"]
    newest, taken, given_up = store.read(lambda s: s.webhooks.deliveries("wh_1", 9))
    assert (newest.state, newest.attempts, newest.status) == (MessageState.PENDING, 0, None)
    assert (taken.state, taken.status, taken.problem) == (MessageState.DELIVERED, 204, None)
    assert (given_up.state, given_up.attempts) == (MessageState.GIVEN_UP, 2)
    assert list(store.read(lambda s: s.webhooks.deliveries("wh_1", 9, "failed"))) == [given_up]
    assert list(store.read(lambda s: s.webhooks.deliveries("wh_1", 1))) == [newest]
    assert list(store.read(lambda s: s.webhooks.deliveries("wh_1", 1, before=newest.number))) == [
        taken
    ]
    end = given_up.number
    assert not store.read(lambda s: s.webhooks.deliveries("wh_1", 9, "failed", end))
    assert store.read(lambda s: s.webhooks.delivered_since("wh_1", NOW))
    assert not store.read(lambda s: s.webhooks.delivered_since("wh_1", LATER))
    assert store.read(lambda s: s.webhooks.backlog()) == Backlog(1, NOW)


def test_what_is_replayed_waits_in_its_old_place(store: OpenStore) -> None:
    lease(store)
    move(store)
    note(store, "msg_0", MessageState.GIVEN_UP, "refused")
    note(store, "msg_1", MessageState.DELIVERED, None)
    assert store.commit(lambda t: t.webhooks.replay_given_up("wh_1", LATER)) == 0
    assert store.commit(lambda t: t.webhooks.replay_given_up("wh_1", NOW)) == 1
    assert store.commit(lambda t: t.webhooks.replay_given_up("wh_1", None)) == 0
    assert store.commit(lambda t: t.webhooks.replay_message("wh_1", "msg_1"))
    assert not store.commit(lambda t: t.webhooks.replay_message("wh_2", "msg_1"))
    assert [(one.message_id, one.attempts) for one in pending(store)] == [
        ("msg_0", 0),
        ("msg_1", 0),
        ("msg_2", 0),
    ]
    for message_id in ("msg_0", "msg_1"):
        details = delivery(store, message_id)
        assert details
        assert (details.delivery.attempted_at, details.delivery.status) == (None, None)
        assert (details.delivery.problem, details.response_body) == (None, None)
    assert rates(store) == {}


def test_a_delivery_has_its_payload_and_the_latest_response(store: OpenStore) -> None:
    lease(store)
    move(store)
    note(store, "msg_1", MessageState.PENDING, "refused")
    found = delivery(store, "msg_1")
    assert found
    assert (found.body, found.response_body) == (MESSAGES[1].body, b"\x00\xff")
    assert (found.delivery.status, found.delivery.milliseconds) == (500, 1_234)
    assert found.delivery.next_attempt_at == LATER
    assert "xff" not in repr(found)
    note(store, "msg_1", MessageState.DELIVERED, None)
    found = delivery(store, "msg_1")
    assert found
    assert (found.delivery.problem, found.response_body) == (None, b"")
    assert found.delivery.next_attempt_at is None
    assert delivery(store, "msg_9") is None
    assert delivery(store, "msg_1", "wh_2") is None


def test_the_success_rate_is_of_the_latest_messages_that_were_attempted(store: OpenStore) -> None:
    lease(store)
    move(store)
    assert rates(store) == {}
    note(store, "msg_0", MessageState.DELIVERED, None, NOW - timedelta(seconds=1))
    note(store, "msg_1", MessageState.DELIVERED, None)
    note(store, "msg_2", MessageState.PENDING, "refused", LATER)
    assert rates(store) == {"wh_1": 0.5}
    assert rates(store, NOW - timedelta(days=1)) == {"wh_1": pytest.approx(2 / 3)}
    assert rates(store, limit=1) == {"wh_1": 0.0}
    note(store, "msg_2", MessageState.GIVEN_UP, "refused", LATER)
    assert rates(store) == {"wh_1": 0.5}


def test_an_endpoint_fails_until_a_success_at_its_url(store: OpenStore) -> None:
    store.commit(lambda t: t.webhooks.set_failing("wh_1", NOW, "refused"))
    assert (found(store).failing_since, found(store).problem) == (NOW, "refused")
    assert (found(store).shown_state, found(store).shown_reason) == ("failing", "refused")
    store.commit(lambda t: t.webhooks.clear_failing("wh_1", "https://example.com/other"))
    assert found(store).failing_since == NOW
    store.commit(lambda t: t.webhooks.clear_failing("wh_1", HOOK.url))
    assert found(store) == HOOK
    store.commit(lambda t: t.webhooks.set_failing("wh_1", NOW, "refused"))
    store.commit(lambda t: t.webhooks.set_url("wh_1", "https://example.com/other"))
    assert found(store) == HOOK._replace(url="https://example.com/other")


@pytest.mark.parametrize("state", [WebhookState.PAUSED, WebhookState.DISABLED])
def test_another_state_comes_before_failing(store: OpenStore, state: WebhookState) -> None:
    store.commit(lambda t: t.webhooks.set_failing("wh_1", NOW, "refused"))
    set_state(store, state)
    assert (found(store).shown_state, found(store).shown_reason) == (state.value, "why")


def test_a_test_message_is_read_although_many_others_wait(store: OpenStore) -> None:
    lease(store)
    move(store)
    probe = NewMessage("msg_t", [], "{}", "test")
    store.commit(lambda t: t.webhooks.add_message("wh_1", probe))
    assert [one.message_id for one in pending(store, 1)] == ["msg_0", "msg_t"]
    assert [one.message_id for one in pending(store)] == ["msg_0", "msg_1", "msg_2", "msg_t"]
    assert store.read(lambda s: s.webhooks.waiting_tests("wh_1")) == 1
    (newest,) = store.read(lambda s: s.webhooks.deliveries("wh_1", 1))
    assert newest.entity == "test"
    note(store, "msg_t", MessageState.DELIVERED, None)
    assert [one.message_id for one in pending(store, 1)] == ["msg_0"]
    assert store.read(lambda s: s.webhooks.waiting_tests("wh_1")) == 0


def test_what_ended_is_pruned_in_portions_and_what_waits_is_not(store: OpenStore) -> None:
    lease(store)
    move(store)
    note(store, "msg_0", MessageState.GIVEN_UP, "refused")
    note(store, "msg_1", MessageState.DELIVERED, None)
    note(store, "msg_2", MessageState.PENDING, "refused")
    assert store.commit(lambda t: t.webhooks.prune_messages("wh_1", NOW, 9)) == 0
    assert store.commit(lambda t: t.webhooks.prune_messages("wh_1", LATER, 1)) == 1
    assert store.commit(lambda t: t.webhooks.prune_messages("wh_1", LATER, 9)) == 1
    assert [one.message_id for one in pending(store)] == ["msg_2"]


def test_secrets_are_exchanged_and_an_endpoint_goes_with_its_messages(store: OpenStore) -> None:
    assert store.commit(lambda t: t.webhooks.set_secrets("wh_1", "new", "old", LATER))
    assert list(found(store).secrets_at(NOW)) == ["new", "old"]
    assert list(found(store).secrets_at(LATER)) == ["new"]
    lease(store)
    move(store)
    assert store.commit(lambda t: t.webhooks.remove("wh_1"))
    assert not store.commit(lambda t: t.webhooks.remove("wh_1"))
    assert pending(store) == []
    assert list(store.read(lambda s: s.webhooks.read_all())) == [OTHER]
