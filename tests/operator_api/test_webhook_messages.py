"""The messages of webhooks over HTTP: a test with its delivery, pages, and replays."""

import json
from collections.abc import Iterator

import pytest

from tests.databases import Database
from tests.operator_api.administrators import done, refusal
from tests.operator_api.webhook_calls import accepted, add, add_operators
from tests.serving import ADMIN_KEY, Served, serving
from tests.waiting import until
from tests.webhooks.receivers import Received, answering, receiver_in_thread


@pytest.fixture
def served(inventory: Database) -> Iterator[Served]:
    add_operators(inventory)
    with serving(inventory) as served:
        yield served


@pytest.mark.only_on("sqlite")
def test_a_test_message_shows_how_the_receiver_responds(inventory: Database) -> None:
    """From the request for the test to the delivery with the response."""

    async def respond(received: Received) -> bytes:
        body = b"not \xff ready"
        head = b"HTTP/1.1 500 Whatever\r\nContent-Length: %d\r\n\r\n" % len(body)
        return head + body if len(receiver.received) == 1 else await answering(200)(received)

    add_operators(inventory)
    with (
        receiver_in_thread(respond) as receiver,
        serving(inventory, webhook_addresses="loopback") as served,
    ):
        added = add(served, is_sent_to=True, url=receiver.url)
        path = f"/webhooks/{added['webhookId']}"
        queued = accepted(served, path + "/test", key=ADMIN_KEY)
        assert queued["webhookId"] == added["webhookId"]
        message = f"{path}/deliveries/{queued['messageId']}"
        until(lambda: done(served, "GET", message)["attempts"] == 1)
        shown = done(served, "GET", message)
        assert list(shown) == [
            *("messageId", "messageEntity", "state", "createdAt", "attempts", "attemptedAt"),
            *("nextAttemptAt", "status", "milliseconds", "problem", "payload", "responseBody"),
        ]
        assert (shown["messageEntity"], shown["state"]) == ("test", "pending")
        assert (shown["status"], shown["responseBody"]) == (500, "not \\xff ready")
        assert shown["problem"] == "The receiver answered 500."
        assert shown["nextAttemptAt"] > shown["attemptedAt"]
        assert shown["payload"] == json.loads(receiver.received[0].body)
        failing = done(served, "GET", path)
        assert (failing["state"], failing["reason"]) == ("failing", shown["problem"])
        assert (failing["failingSince"], failing["successRate"]) == (shown["attemptedAt"], 0.0)
        replayed = accepted(served, path + "/replay", {"messageIds": [queued["messageId"]]})
        assert replayed == {"webhookId": added["webhookId"], "messages": 1}
        until(lambda: done(served, "GET", message)["state"] == "delivered")
        active = done(served, "GET", path)
        assert (active["state"], active["failingSince"]) == ("active", None)
        assert active["successRate"] == 1.0


def test_deliveries_have_pages_of_one_query(served: Served) -> None:
    path = f"/webhooks/{add(served)['webhookId']}"
    queued = [accepted(served, path + "/test")["messageId"] for _ in range(3)]
    failed = queued[0]
    sql = "UPDATE webhook_messages SET state = 'given_up', problem = ?, attempted_at = ?"
    timestamp = "2026-11-23T12:00:00.000000+00:00"
    served.database.execute(f"{sql} WHERE message_id = ?", "No.", timestamp, failed)
    first = done(served, "GET", f"{path}/deliveries?limit=2")
    second = done(served, "GET", f"{path}/deliveries?limit=2&after={first['next']}")
    listed = [one["messageId"] for one in first["deliveries"] + second["deliveries"]]
    assert listed == list(reversed(queued))
    assert second["next"] is None
    (only,) = done(served, "GET", f"{path}/deliveries?failed=true")["deliveries"]
    assert (only["messageId"], only["problem"]) == (failed, "No.")
    other = f"/webhooks/{add(served)['webhookId']}"
    for query in (f"{path}/deliveries?failed=true", f"{other}/deliveries?limit=2"):
        status, _, message = refusal(served, "GET", f"{query}&after={first['next']}")
        assert (status, "`after`" in message) == (422, True)
    later = accepted(served, path + "/replay", {"since": "2026-11-23T12:00:01Z"})
    assert later["messages"] == 0
    assert accepted(served, path + "/replay", {"since": timestamp})["messages"] == 1
    assert done(served, "GET", f"{path}/deliveries?failed=true")["deliveries"] == []
