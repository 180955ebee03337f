"""Lock: set mpreserve on the tickets named, each with its listing and each on its own."""

from collections.abc import Mapping

from seatlatch.commit import Commits
from seatlatch.domain.channel import Channel
from seatlatch.domain.journal import Act, Asker, Verb
from seatlatch.domain.listing import Listing
from seatlatch.domain.outcome import TicketResult
from seatlatch.operations.mpreserve_change import MpreserveChange
from seatlatch.store.interface import Mpreserve


async def lock_tickets(
    commits: Commits, asker: Asker, channel: Channel, listings: Mapping[str, Listing]
) -> list[TicketResult]:
    """Lock tickets for `channel`, by token with what is told of the listing; results in order.

    Returns after the change is durable. A ticket that the channel has locked already is a success,
    and its listing is brought up to date. Raises `Unavailable` if the database could not confirm.
    Source: the contract's section on the lock call.
    """
    wishes = {token: Mpreserve(channel, listing) for token, listing in listings.items()}
    return await commits.submit(MpreserveChange(wishes, Act(Verb.LOCK, asker)))
