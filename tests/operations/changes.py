"""Changes of tickets as tests ask for them: a lock or an unlock of some tokens by one channel."""

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.outcome import Outcome
from seatlatch.operations.mpreserve_change import MpreserveChange
from seatlatch.store.interface import Mpreserve


def locking(channel: Channel, listing: Listing, *tokens: str) -> MpreserveChange:
    """A lock of these tokens, all with one listing."""
    return MpreserveChange(dict.fromkeys(tokens, Mpreserve(channel, listing)), Outcome.LOCKED)


def unlocking(channel: Channel, *tokens: str) -> MpreserveChange:
    """An unlock of these tokens."""
    return MpreserveChange(dict.fromkeys(tokens, Mpreserve(channel, None)), Outcome.UNLOCKED)
