"""Verify: read the tickets that a channel may see, and whether it could lock or unlock them now."""

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
    """The result for one token or barcode.

    `token` None = the channel may see no ticket with that barcode. `ticket` and `listing` are set
    if the outcome is `VERIFIED`; the listing only if it is this channel's own.
    """

    asked: str
    outcome: Outcome
    token: str | None
    owner_id: str | None
    ticket: WholeTicket | None
    listing: Listing | None


async def verify_tokens(store: Store, channel: Channel, tokens: Iterable[str]) -> list[Verified]:
    """The tickets as of one timestamp; one result per different token, in the order given.

    Raises `Unavailable`. Source: the contract's section on the verify call.
    """
    asked = list(dict.fromkeys(tokens))

    async def look(snapshot: Snapshot) -> list[Verified]:
        tickets = await snapshot.tickets.read_whole(asked)
        now = await snapshot.now()
        return [_verified(token, token, tickets.get(token), channel, now) for token in asked]

    return await store.read(look)


async def verify_barcodes(
    store: Store, channel: Channel, access_id: str, barcodes: Iterable[str]
) -> list[Verified]:
    """The same for tickets by their barcodes within `access_id`.

    Tickets are reprinted and reissued: of several with one barcode, the least restricted counts.
    """
    asked = list(dict.fromkeys(barcodes))

    async def look(snapshot: Snapshot) -> list[Verified]:
        found = await snapshot.tickets.find_barcodes(access_id, asked)
        now = await snapshot.now()
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
