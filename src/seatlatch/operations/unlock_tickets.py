"""Unlock: clear mpreserve on the tickets named, each on its own."""

from collections.abc import Iterable

from seatlatch.commit import Commits
from seatlatch.domain.channel import Channel
from seatlatch.domain.journal import Act, Asker, Verb
from seatlatch.domain.outcome import TicketResult
from seatlatch.operations.mpreserve_change import MpreserveChange
from seatlatch.store.interface import Mpreserve


async def unlock_tickets(
    commits: Commits, asker: Asker, channel: Channel, tokens: Iterable[str]
) -> list[TicketResult]:
    """Unlock `tokens` for `channel`; one result per different token, in the order given.

    Returns after the change is durable. Idempotent: a ticket that is already unlocked is a
    success. Raises `Unavailable` if the database could not confirm it.
    Source: the contract's section on the unlock call.
    """
    wishes = dict.fromkeys(tokens, Mpreserve(channel, None))
    return await commits.submit(MpreserveChange(wishes, Act(Verb.UNLOCK, asker)))
