"""Verify: what a channel may see of tickets, and whether it could lock or unlock them now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.rules import judge_verify
from seatlatch.domain.ticket import WholeTicket
from seatlatch.store.interface import Snapshot, Store


class Verified(NamedTuple):
    """What came of one token or barcode.

    `token` None = no ticket of that barcode that the channel may know of. `ticket` and `listing`
    are there when the outcome is `VERIFIED`; the listing only if it is this channel's.
    """

    asked: str
    outcome: Outcome
    token: str | None
    owner_id: str | None
    ticket: WholeTicket | None
    listing: Listing | None


async def verify_tokens(store: Store, channel: Channel, tokens: Iterable[str]) -> list[Verified]:
    """All tickets as they stand at one moment; one result per different token, in order.

    Raises `Unavailable`. Source: the contract's section on the verify call.
    """
    asked = list(dict.fromkeys(tokens))

    async def look(snapshot: Snapshot) -> list[Verified]:
        tickets = await snapshot.read_whole_tickets(asked)
        now = await snapshot.moment()
        return [_verified(token, token, tickets.get(token), channel, now) for token in asked]

    return await store.read(look)


async def verify_barcodes(
    store: Store, channel: Channel, access_id: str, barcodes: Iterable[str]
) -> list[Verified]:
    """The same for tickets that are named by the barcode that they have within `access_id`.

    Barcodes are printed anew and tickets reissued: of several, the one that is least barred counts.
    """
    asked = list(dict.fromkeys(barcodes))

    async def look(snapshot: Snapshot) -> list[Verified]:
        found = await snapshot.find_barcodes(access_id, asked)
        now = await snapshot.moment()
        return [_best(barcode, found.get(barcode, ()), channel, now) for barcode in asked]

    return await store.read(look)


def _best(
    barcode: str, tickets: Sequence[WholeTicket], channel: Channel, now: datetime
) -> Verified:
    judged = [_verified(barcode, None, ticket, channel, now) for ticket in tickets]
    order = list(Outcome)
    return max(
        judged,
        key=lambda verified: order.index(verified.outcome),
        default=_verified(barcode, None, None, channel, now),
    )


def _verified(
    asked: str, token: str | None, whole: WholeTicket | None, channel: Channel, now: datetime
) -> Verified:
    outcome = judge_verify(whole and whole.ticket, channel, now)
    if whole is None or outcome is Outcome.UNKNOWN:
        return Verified(asked, Outcome.UNKNOWN, token, None, None, None)
    ticket = whole.ticket
    if outcome is not Outcome.VERIFIED:
        return Verified(asked, outcome, ticket.token, ticket.owner_id, None, None)
    mine = ticket.mpreserve_channel == channel.code
    return Verified(
        asked, outcome, ticket.token, ticket.owner_id, whole, whole.listing if mine else None
    )
