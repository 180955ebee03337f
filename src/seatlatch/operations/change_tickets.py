"""Change tickets: unlock, lock, hold, release, void and override.

Each function returns one result per different token, in the order given, after the change is
durable. A ticket that is already in the requested state is a success. Each raises `Unavailable` if
the database could not confirm the change.

See decisions 36, 83, 84 and 93.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from seatlatch.commit import Change, Committer
from seatlatch.domain.channel import Channel
from seatlatch.domain.journal import Act, Asker, NewEntry
from seatlatch.domain.listing import Listing
from seatlatch.domain.outcome import Outcome, TicketResult, alike
from seatlatch.domain.ticket import Ticket
from seatlatch.operations.conditions import NO_CONDITIONS, Conditions, excluded_tickets
from seatlatch.operations.ticket_verbs import (
    HOLD,
    LOCK,
    OVERRIDE,
    RELEASE,
    UNLOCK,
    VOID,
    TicketVerb,
)
from seatlatch.store.interface import LostRace, Transaction
from seatlatch.store.tickets import ChangedTicket, Hold, Mpreserve

Wish = TypeVar("Wish")


async def unlock_tickets(
    committer: Committer, asker: Asker, channel: Channel, tokens: Iterable[str]
) -> list[TicketResult]:
    """Clear mpreserve, and with it the listing, on tickets that `channel` has locked.

    Source: the contract's section on the unlock call.
    """
    wishes = dict.fromkeys(tokens, Mpreserve(channel, None))
    return await committer.submit(TicketChange(UNLOCK, wishes, asker))


async def lock_tickets(
    committer: Committer, asker: Asker, channel: Channel, listings: Mapping[str, Listing]
) -> list[TicketResult]:
    """Set mpreserve for `channel`, with the listing of each token. One request has one listing, so
    all have the same external id.

    If the channel has already locked a ticket, its listing is updated.
    Source: the contract's section on the lock call.
    """
    # Tickets that share a listing share a wish, since one for each ticket takes longer.
    distinct = {id(listing): listing for listing in listings.values()}
    shared = {key: Mpreserve(channel, listing) for key, listing in distinct.items()}
    wishes = {token: shared[id(listing)] for token, listing in listings.items()}
    listing_id = next((listing.external_listing_id for listing in listings.values()), None)
    change = TicketChange(LOCK, wishes, asker, external_listing_id=listing_id or None)
    return await committer.submit(change)


async def hold_tickets(
    committer: Committer,
    asker: Asker,
    tokens: Iterable[str],
    reason: str,
    seconds: int | None = None,
    conditions: Conditions = NO_CONDITIONS,
    *,
    over_listing: bool = False,
) -> list[TicketResult]:
    """Set the seat status to `LOCK`. The hold ends after `seconds`, or never (None).

    A seat that is already held gets the new reason and end. A listed ticket is only held if
    `over_listing`, and stays listed.
    Source: the contract's section on operator HTTP.
    """
    wishes = dict.fromkeys(tokens, Hold(reason, seconds, over_listing))
    return await committer.submit(TicketChange(HOLD, wishes, asker, reason, seconds, conditions))


async def release_tickets(
    committer: Committer,
    asker: Asker,
    tokens: Iterable[str],
    reason: str | None = None,
    conditions: Conditions = NO_CONDITIONS,
) -> list[TicketResult]:
    """Set the seat status to `UNLOCK`.

    Source: the contract's section on operator HTTP.
    """
    wishes = dict.fromkeys(tokens)
    return await committer.submit(
        TicketChange(RELEASE, wishes, asker, reason, conditions=conditions)
    )


async def void_tickets(
    committer: Committer,
    asker: Asker,
    tokens: Iterable[str],
    reason: str | None = None,
    conditions: Conditions = NO_CONDITIONS,
) -> list[TicketResult]:
    """Make tickets void, permanently. This ends a listing and a hold.

    Source: the contract's section on operator HTTP.
    """
    wishes = dict.fromkeys(tokens)
    return await committer.submit(TicketChange(VOID, wishes, asker, reason, conditions=conditions))


async def override_unlock(
    committer: Committer,
    asker: Asker,
    tokens: Iterable[str],
    reason: str,
    conditions: Conditions = NO_CONDITIONS,
) -> list[TicketResult]:
    """Clear mpreserve, whichever channel has set it.

    Source: the contract's section on operator HTTP.
    """
    wishes = dict.fromkeys(tokens)
    return await committer.submit(
        TicketChange(OVERRIDE, wishes, asker, reason, conditions=conditions)
    )


class TicketChange(Change[list[TicketResult]], Generic[Wish]):
    """One request that changes tickets, with a wish for each token.

    Every request gets an entry in the journal, in the same transaction and whatever the outcomes of
    its tickets.
    """

    __slots__ = ("_act", "_conditions", "_verb", "_wishes")

    def __init__(
        self,
        verb: TicketVerb[Wish],
        wishes: Mapping[str, Wish],
        asker: Asker,
        reason: str | None = None,
        hold_seconds: int | None = None,
        conditions: Conditions = NO_CONDITIONS,
        external_listing_id: str | None = None,
    ) -> None:
        self._verb = verb
        self._wishes = wishes
        self._conditions = conditions
        self._act = Act(verb.name, asker, reason, hold_seconds, external_listing_id)

    @property
    def tokens(self) -> Collection[str]:
        """The tokens of the tickets, each once, in the order given."""
        return self._wishes.keys()

    @property
    def kind(self) -> object:
        """Lock and unlock are one kind, since they share a statement. Changes of certain versions
        are a kind of their own: all their tickets are locked by one statement before the write.
        """
        if self._conditions.versions is None:
            return self._verb.write
        return self._verb.write, "versions"

    @staticmethod
    async def apply(
        transaction: Transaction, changes: Sequence["TicketChange[Any]"]
    ) -> list[list[TicketResult]]:
        """Change the tickets of all requests, by one statement where the engine can, then judge the
        tickets that were left unchanged.

        The write applies the rule itself, so that nothing can come in between. The rest is read
        and judged afterwards only to report why it was left unchanged.
        """
        first = await transaction.journal.reserve_entries(len(changes))
        wishes: dict[str, Any] = {}
        entries: dict[str, int] = {}
        for entry_id, change in enumerate(changes, first):
            wishes.update(change._wishes)
            entries.update(dict.fromkeys(change._wishes, entry_id))
        excluded = await _excluded(transaction, changes)
        asked = {t: wish for t, wish in wishes.items() if t not in excluded} if excluded else wishes
        changed = await changes[0]._verb.write(transaction.tickets, asked, entries)
        if len(changed) < len(wishes):
            rest = [token for token in wishes if token not in changed]
            tickets = await transaction.tickets.read(rest)
            now = await transaction.now()
            results = [change._results(changed, excluded, tickets, now) for change in changes]
            requests = zip(changes, results, strict=True)
            new = [change._entry(changed, result) for change, result in requests]
        else:
            done = [change._all_done(changed) for change in changes]
            results, new = map(list, zip(*done, strict=True))
        await transaction.journal.record(new)
        return results

    def _all_done(
        self, changed: Mapping[str, ChangedTicket]
    ) -> tuple[list[TicketResult], NewEntry]:
        """The results and the entry of a request that changed all its tickets, as most do."""
        tickets = [changed[token] for token in self._wishes]
        done = self._verb.done
        results = alike(self._wishes, done, [ticket.owner_id for ticket in tickets])
        marks = [ticket.journal_mark for ticket in tickets]
        return results, NewEntry(self._act, {done: list(self._wishes)}, marks)

    def _results(
        self,
        changed: Mapping[str, ChangedTicket],
        excluded: Mapping[str, Outcome],
        tickets: Mapping[str, Ticket],
        now: datetime,
    ) -> list[TicketResult]:
        done = self._verb.done
        return [
            TicketResult(token, done, changed[token].owner_id)
            if token in changed
            else self._judged(token, tickets.get(token), excluded.get(token), now)
            for token in self._wishes
        ]

    def _judged(
        self, token: str, ticket: Ticket | None, excluded: Outcome | None, now: datetime
    ) -> TicketResult:
        outcome = excluded or self._verb.judge(ticket, self._wishes[token], now)
        if ticket is None or outcome is Outcome.UNKNOWN:
            return TicketResult(token, Outcome.UNKNOWN, None)
        if outcome is self._verb.done:
            # The rule allows the change now, but did not when the statement ran: another
            # transaction has committed in between. The store runs the whole group again.
            raise LostRace
        return TicketResult(token, outcome, ticket.owner_id)

    def _entry(
        self, changed: Mapping[str, ChangedTicket], results: Sequence[TicketResult]
    ) -> NewEntry:
        """The journal's entry about this request."""
        marks = [changed[token].journal_mark for token in self._wishes if token in changed]
        outcomes: defaultdict[Outcome, list[str]] = defaultdict(list)
        for token, outcome, _ in results:
            outcomes[outcome].append(token)
        return NewEntry(self._act, outcomes, marks)


async def _excluded(
    transaction: Transaction, changes: Sequence[TicketChange[Any]]
) -> Mapping[str, Outcome]:
    """The tickets that a condition excludes. Most requests have no conditions."""
    requests = [
        (change._conditions, change.tokens)
        for change in changes
        if change._conditions != NO_CONDITIONS
    ]
    return await excluded_tickets(transaction.tickets, requests) if requests else {}
