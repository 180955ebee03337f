"""Changes of tickets as tests ask for them."""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial

from seatlatch.domain.audit import Actor
from seatlatch.domain.channel import Channel
from seatlatch.domain.journal import Asker
from seatlatch.domain.listing import Listing
from seatlatch.operations.change_tickets import TicketChange
from seatlatch.operations.ticket_verbs import HOLD, LOCK, OVERRIDE, RELEASE, UNLOCK, VOID
from seatlatch.store.tickets import Hold, Mpreserve

ACTOR = Actor("tests", "5b0f2a86-3c1d-4f7e-8a95-0d6b7c2e4f10", "198.51.100.9")
ASKER = Asker("00000000-0000-4000-8000-000000000000", operator="test")

NO_ENTRY: Mapping[str, int] = defaultdict(int)
"""For those who write to tickets by hand: no entry of the journal tells of it."""

changing_locks = partial(TicketChange[Mpreserve], LOCK, asker=ASKER)
changing_unlocks = partial(TicketChange[Mpreserve], UNLOCK, asker=ASKER)
holding = partial(TicketChange[Hold], HOLD, asker=ASKER)
releasing = partial(TicketChange[None], RELEASE, asker=ASKER)
voiding = partial(TicketChange[None], VOID, asker=ASKER)
overriding = partial(TicketChange[None], OVERRIDE, asker=ASKER)


def locking(channel: Channel, listing: Listing, *tokens: str) -> TicketChange[Mpreserve]:
    """A lock of these tokens, all with one listing."""
    wishes = dict.fromkeys(tokens, Mpreserve(channel, listing))
    return changing_locks(wishes, external_listing_id=listing.external_listing_id)


def unlocking(channel: Channel, *tokens: str) -> TicketChange[Mpreserve]:
    """An unlock of these tokens."""
    return changing_unlocks(dict.fromkeys(tokens, Mpreserve(channel, None)))
