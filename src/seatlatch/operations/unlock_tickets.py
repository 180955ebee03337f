"""Unlock: clear mpreserve on the tickets named, each on its own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from seatlatch.commit import GroupCommit
from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.rules import judge_unlock
from seatlatch.domain.ticket import Ticket
from seatlatch.store.interface import Transaction


async def unlock_tickets(
    commits: GroupCommit, channel: Channel, tokens: Iterable[str]
) -> list[TicketResult]:
    """Unlock `tokens` for `channel`; one result per different token, in the order given.

    Returns after the change is durable. Idempotent: a ticket that is already unlocked is a
    success. Raises `Unavailable` if the database could not confirm it.
    """
    return await commits.submit(UnlockTickets(channel, tokens))


class UnlockTickets:
    """One unlock, waiting for its turn. A repeated token is worked once."""

    __slots__ = ("channel", "tokens")

    def __init__(self, channel: Channel, tokens: Iterable[str]) -> None:
        self.channel = channel
        self.tokens = tuple(dict.fromkeys(tokens))

    @staticmethod
    def work_off(
        transaction: Transaction, unlocks: Sequence["UnlockTickets"]
    ) -> list[list[TicketResult]]:
        """Unlock what may be unlocked, all at once; then ask why the rest may not."""
        asked: defaultdict[Channel, list[str]] = defaultdict(list)
        for unlock in unlocks:
            asked[unlock.channel] += unlock.tokens
        unlocked = {
            channel: transaction.unlock(channel, tokens) for channel, tokens in asked.items()
        }
        rest: set[str] = set()
        for channel, tokens in asked.items():
            if len(unlocked[channel]) < len(tokens):
                rest |= _rest(tokens, unlocked[channel])
        tickets = transaction.read_tickets(rest) if rest else {}
        return [unlock._results(unlocked[unlock.channel], tickets) for unlock in unlocks]

    def _results(
        self, unlocked: dict[str, str], tickets: Mapping[str, Ticket]
    ) -> list[TicketResult]:
        """Takes what it unlocked out of `unlocked`: it was unlocked once, by one request."""
        results = []
        for token in self.tokens:
            owner_id = unlocked.pop(token, None)
            if owner_id is not None:
                results.append(TicketResult(token, Outcome.UNLOCKED, owner_id))
            else:
                results.append(self._judge(token, tickets.get(token)))
        return results

    def _judge(self, token: str, ticket: Ticket | None) -> TicketResult:
        outcome = judge_unlock(ticket, self.channel)
        if ticket is None or outcome is Outcome.UNKNOWN:
            return TicketResult(token, Outcome.UNKNOWN, None)
        if outcome is Outcome.UNLOCKED:
            raise AssertionError("the database left a ticket that the rule would unlock")
        return TicketResult(token, outcome, ticket.owner_id)


def _rest(tokens: Sequence[str], unlocked: Mapping[str, str]) -> set[str]:
    """The tokens that were not unlocked, or asked for once more after they were."""
    first = set(unlocked)
    rest = set()
    for token in tokens:
        if token in first:
            first.remove(token)
        else:
            rest.add(token)
    return rest
