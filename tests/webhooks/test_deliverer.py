"""What is told to whom, by whom, and what becomes of it: on every engine."""

from standardwebhooks import Webhook as Verifier

from seatlatch.domain.webhook import MessageState
from tests.databases import Database
from tests.webhooks.receivers import receiving
from tests.webhooks.telling import run, telling, with_tickets


def test_the_box_offices_change_of_a_listed_seat_is_told(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, telling(database) as teller:
            webhook = await teller.add(receiver.url)
            await teller.override("t0")
            (received,) = await receiver.count(1)
            await teller.told.count("delivered", 1)
            body = Verifier(webhook.secret).verify(received.body, dict(received.headers))
            assert body["pacOrganizationId"] == "1001"
            assert body["metadata"] == {"messageEntity": "seats"}
            (seat,) = body["data"]["seats"]
            assert seat["token"] == "t0"
            assert (seat["status"], seat["change"], seat["version"]) == ("UNLOCK", "unlocked", 2)
            (delivery,) = await teller.deliveries(webhook)
            assert delivery.state is MessageState.DELIVERED
            assert delivery.status == 204

    run(test())
