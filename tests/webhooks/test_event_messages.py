"""Messages about changed events: their content, and which endpoints receive them."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from seatlatch.domain.performance import Event
from seatlatch.domain.webhook import WebhookState
from seatlatch.operations.put_events import put_events
from seatlatch.store.events import ChangedEvent
from seatlatch.webhooks.event_message import event_messages_of, mark_of
from seatlatch.webhooks.message import BODY_BYTES_MAX, SEATS_MAX
from tests.databases import Database
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OTHER_CHANNEL
from tests.webhooks.receivers import Received, answering, receiving, take
from tests.webhooks.webhook_harness import REQUEST_ID, Harness, dispatching, run, with_tickets

GAME = Event(
    *(ORGANIZATION, "GAME-1", "Home – Away", "2026", "G1"),
    *("2026-11-23T19:30:00-05:00", "2026-11-24T00:15:30.25-05:00", "ARENA", "City Arena"),
)
OTHER_REQUEST = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"


def changed(*events: Event, request_id: str = REQUEST_ID) -> list[ChangedEvent]:
    return [ChangedEvent(event, number, request_id) for number, event in enumerate(events, 1)]


def test_a_message_has_the_contracts_form() -> None:
    (message,) = event_messages_of(changed(GAME), lambda: "msg_1")
    assert message.message_id == "msg_1"
    assert message.tokens == [mark_of(GAME.key)]
    assert message.body == (
        '{"data":{"events":[{"accessId":"GAME-1","seasonCode":"2026","itemCode":"G1",'
        '"itemName":"Home – Away","startDate":"2026-11-23","startTime":"19:30:00",'
        '"endDate":"2026-11-24","endTime":"00:15:30","facilityCode":"ARENA",'
        '"facilityName":"City Arena"}]},"metadata":{"messageEntity":"events"},'
        f'"pacOrganizationId":"{ORGANIZATION}","requestId":"{REQUEST_ID}"}}'
    )


def test_an_unknown_start_is_to_be_determined_and_an_unknown_end_is_null() -> None:
    (message,) = event_messages_of(changed(Event(ORGANIZATION, "E1")))
    (event,) = json.loads(message.body)["data"]["events"]
    assert event == {
        "accessId": "E1",
        **dict.fromkeys(("seasonCode", "itemCode", "itemName")),
        **dict.fromkeys(("startDate", "startTime"), "TBD"),
        **dict.fromkeys(("endDate", "endTime", "facilityCode", "facilityName")),
    }


@pytest.mark.parametrize(
    ("starts_at", "date", "time"),
    [
        ("2026-11-23T23:30:00-12:00", "2026-11-23", "23:30:00"),
        ("0999-01-02T00:00:00Z", "0999-01-02", "00:00:00"),
    ],
)
def test_date_and_time_are_in_the_events_offset(starts_at: str, date: str, time: str) -> None:
    (message,) = event_messages_of(changed(GAME._replace(starts_at=starts_at)))
    (event,) = json.loads(message.body)["data"]["events"]
    assert (event["startDate"], event["startTime"]) == (date, time)


def test_a_message_has_one_request_one_organization_and_its_limits() -> None:
    many = [Event(ORGANIZATION, f"E{n}", "x" * 150) for n in range(250)]
    foreign = Event(FOREIGN_ORGANIZATION, "E1")
    everything = changed(*many[:120], foreign, *many[120:]) + changed(GAME, request_id="another")
    messages = list(event_messages_of(everything))
    bodies = [json.loads(message.body) for message in messages]
    for message, body in zip(messages, bodies, strict=True):
        assert len(message.body.encode()) <= BODY_BYTES_MAX
        assert 1 <= len(message.tokens) == len(body["data"]["events"]) <= SEATS_MAX
    found = [
        (body["pacOrganizationId"], event["accessId"], body["requestId"])
        for body in bodies
        for event in body["data"]["events"]
    ]
    assert len(found) == len(set(found)) == 252
    assert found[-1] == (ORGANIZATION, "GAME-1", "another")
    assert len({message.message_id for message in messages}) == len(messages)


def events_in(received: Sequence[Received]) -> list[tuple[str, str | None]]:
    return [
        (event["accessId"], event["itemName"])
        for one in received
        for event in json.loads(one.body)["data"]["events"]
    ]


async def put(harness: Harness, *events: Event, request_id: str = REQUEST_ID) -> None:
    await put_events(harness.committer, events, request_id)


def test_a_changed_event_is_sent_to_the_channels_of_its_organization(database: Database) -> None:
    with_tickets(database, 0)

    async def test() -> None:
        async with receiving() as mine, receiving() as theirs, dispatching(database) as harness:
            await harness.add(mine.url)
            await harness.add(theirs.url, OTHER_CHANNEL)
            await put(harness, GAME, Event(FOREIGN_ORGANIZATION, "FOREIGN"))
            await theirs.count(2)
            (received,) = await mine.count(1)
            body: dict[str, Any] = json.loads(received.body)
            assert body["metadata"] == {"messageEntity": "events"}
            assert body["pacOrganizationId"] == ORGANIZATION
            assert body["requestId"] == REQUEST_ID
            assert events_in([received]) == [("GAME-1", "Home – Away")]
            assert sorted(name for name, _ in events_in(theirs.received)) == ["FOREIGN", "GAME-1"]

    run(test())


def test_an_unchanged_event_is_not_sent_again(database: Database) -> None:
    with_tickets(database, 0)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            await harness.add(receiver.url)
            await put(harness, GAME)
            await harness.observer.count("delivered", 1)
            await put(harness, GAME, request_id=OTHER_REQUEST)
            await put(harness, GAME._replace(item_name="New"), request_id=OTHER_REQUEST)
            await receiver.count(2)
            assert events_in(receiver.received) == [("GAME-1", "Home – Away"), ("GAME-1", "New")]

    run(test())


def test_a_new_endpoint_does_not_receive_earlier_changes(database: Database) -> None:
    with_tickets(database, 0)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            await put(harness, GAME)
            await harness.add(receiver.url)
            await put(harness, Event(ORGANIZATION, "GAME-2"))
            (received,) = await receiver.count(1)
            assert events_in([received]) == [("GAME-2", None)]

    run(test())


def test_a_paused_endpoint_receives_the_latest_state_later(database: Database) -> None:
    """However many changes there were: nothing is queued meanwhile."""
    with_tickets(database, 0)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await harness.set_state(webhook, WebhookState.PAUSED)
            for number in range(3):
                await put(harness, GAME._replace(item_name=f"Version {number}"))
            await put(harness, Event(ORGANIZATION, "GAME-2"))
            await harness.set_state(webhook, WebhookState.ACTIVE)
            await receiver.until(lambda received: len(events_in(received)) == 2)
            assert events_in(receiver.received) == [("GAME-1", "Version 2"), ("GAME-2", None)]

    run(test())


def test_a_change_waits_for_the_one_before_it(database: Database) -> None:
    with_tickets(database, 0)

    async def test() -> None:
        async with receiving(answering(500)) as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await put(harness, GAME)
            await harness.observer.count("failed", 1)
            await put(harness, GAME._replace(item_name="New"), request_id=OTHER_REQUEST)
            await put(harness, Event(ORGANIZATION, "GAME-2"))
            await receiver.until(lambda received: ("GAME-2", None) in events_in(received))
            assert ("GAME-1", "New") not in events_in(receiver.received)
            receiver.respond = take
            await harness.observer.count("delivered", 3)
            first, second, _ = await harness.deliveries(webhook)
            assert first.attempts > second.attempts == 1
            assert events_in(receiver.received)[-1] in [("GAME-1", "New"), ("GAME-2", None)]

    run(test())


def test_nothing_is_lost_or_repeated_when_a_process_is_killed(database: Database) -> None:
    with_tickets(database, 0)

    async def test() -> None:
        async with receiving() as receiver:
            async with dispatching(database, killed=True) as first:
                webhook = await first.add(receiver.url)
                await put(first, GAME)
                await first.observer.count("delivered", 1)
            async with dispatching(database, started=False) as second:
                await put(second, Event(ORGANIZATION, "GAME-2"))
                database.execute("UPDATE webhooks SET lease_holder = NULL, lease_ends_at = NULL")
                second.dispatcher.start()
                await second.observer.count("delivered", 1)
                assert [name for name, _ in events_in(receiver.received)] == ["GAME-1", "GAME-2"]
                assert (await second.now(webhook)).event_change_number == 2

    run(test())


def test_an_endpoint_without_a_grant_writes_nothing(database: Database) -> None:
    with_tickets(database, 0)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await put(harness, Event(FOREIGN_ORGANIZATION, "FOREIGN"))
            seen = len(harness.observer.backlogs)
            await harness.observer.until(lambda: len(harness.observer.backlogs) > seen + 4)
            assert receiver.received == []
            assert (await harness.now(webhook)).event_change_number == 0

    run(test())


def test_season_and_item_are_in_messages_about_seats(database: Database) -> None:
    with_tickets(database, 2)
    database.execute("UPDATE tickets SET access_id = 'GAME-1' WHERE token = 't0'")

    async def test() -> None:
        async with dispatching(database, started=False) as harness, receiving() as receiver:
            await put(harness, GAME)
            await harness.add(receiver.url)
            await harness.override("t0", "t1")
            harness.dispatcher.start()
            (received,) = await receiver.count(1)
            seats = {seat["token"]: (seat["season"], seat["item"]) for seat in received.seats}
            assert seats == {"t0": ("2026", "G1"), "t1": (None, None)}

    run(test())
