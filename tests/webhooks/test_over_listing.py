"""A hold over a listing is delivered to the channel that has listed the ticket, and to no other."""

from tests.databases import Database
from tests.serving import OTHER_CHANNEL
from tests.webhooks.receivers import Received, receiving
from tests.webhooks.webhook_harness import THEIRS, dispatching, run, with_tickets

Seat = tuple[str, str, str, bool, bool]


def seats_in(received: list[Received]) -> list[Seat]:
    """What the messages say of each seat; last, whether the hold has an end."""
    return [
        (
            seat["token"],
            seat["change"],
            seat["status"],
            seat["mpreserve"],
            "holdExpiresAt" in seat,
        )
        for one in received
        for seat in one.seats
    ]


def test_the_channel_of_the_listing_is_informed(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with (
            receiving() as mine,
            receiving() as theirs,
            dispatching(database) as harness,
        ):
            await harness.add(mine.url)
            await harness.add(theirs.url, OTHER_CHANNEL)
            await harness.hold("t0", seconds=600, over_listing=True)
            await harness.release("t0")
            await harness.unlock("t1")
            await harness.lock("t1", channel=THEIRS)
            await harness.hold("t1", over_listing=True)
            await mine.until(lambda received: len(seats_in(received)) == 2)
            await theirs.until(lambda received: len(seats_in(received)) == 1)
            assert seats_in(mine.received) == [
                ("t0", "held", "LOCK", True, True),
                ("t0", "released", "UNLOCK", True, False),
            ]
            assert seats_in(theirs.received) == [("t1", "held", "LOCK", True, False)]

    run(test())
