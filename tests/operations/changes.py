"""Changes of tickets as tests ask for them."""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial

from seatlatch.domain.channel import Channel
from seatlatch.domain.journal import Act, Asker, Verb
from seatlatch.domain.listing import Listing
from seatlatch.operations.box_office import (
    HoldTickets,
    OverrideUnlock,
    ReleaseTickets,
    VoidTickets,
)
from seatlatch.operations.mpreserve_change import MpreserveChange
from seatlatch.store.interface import Mpreserve

ASKER = Asker("00000000-0000-4000-8000-000000000000", operator="test")

LOCK, UNLOCK = Act(Verb.LOCK, ASKER), Act(Verb.UNLOCK, ASKER)

NO_ENTRY: Mapping[str, int] = defaultdict(int)
"""For those who write to tickets by hand: no entry of the journal tells of it."""

changing_locks = partial(MpreserveChange, act=LOCK)
changing_unlocks = partial(MpreserveChange, act=UNLOCK)
holding = partial(HoldTickets, act=Act(Verb.HOLD, ASKER))
releasing = partial(ReleaseTickets, act=Act(Verb.RELEASE, ASKER))
voiding = partial(VoidTickets, act=Act(Verb.VOID, ASKER))
overriding = partial(OverrideUnlock, act=Act(Verb.OVERRIDE, ASKER))


def locking(channel: Channel, listing: Listing, *tokens: str) -> MpreserveChange:
    """A lock of these tokens, all with one listing."""
    return changing_locks(dict.fromkeys(tokens, Mpreserve(channel, listing)))


def unlocking(channel: Channel, *tokens: str) -> MpreserveChange:
    """An unlock of these tokens."""
    return changing_unlocks(dict.fromkeys(tokens, Mpreserve(channel, None)))
