"""Put: add tickets of the ticketing system, or update their details.

See decisions 43, 44 and 168.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from seatlatch.commit import Change, Committer
from seatlatch.domain.outcome import SUCCESSES, Outcome, TicketResult
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.rules import judge_put
from seatlatch.domain.ticket import Ticket, TicketRecord
from seatlatch.store.interface import LostRace, Transaction

AT_ONCE_TOKENS = 500
"""A large request is split into portions of this size, so that unlocks can run between them."""


async def put_tickets(
    committer: Committer,
    records: Sequence[TicketRecord],
    organizations: frozenset[str] | None = None,
) -> list[TicketResult]:
    """Add tickets or update them; one result per record, in the order given.

    `organizations`: the only ones that the caller may know of; None = all.
    Never changes mpreserve, seat status or void of an existing ticket, nor details that a record
    does not give. Each returned result is durable; so are, portion by portion, those before an
    `Unavailable`. Raises `InvalidRequest` if two records have the same token.
    Source: the contract's section on operator HTTP.
    """
    _require_different(records)
    results: list[TicketResult] = []
    for start in range(0, len(records), AT_ONCE_TOKENS):
        put: list[TicketResult] = await committer.submit(
            PutTickets(records[start : start + AT_ONCE_TOKENS], organizations)
        )
        results += put
    return results


class PutTickets(Change[list[TicketResult]]):
    """A portion of the records of one request, of a caller limited to `organizations`."""

    __slots__ = ("organizations", "records")

    def __init__(
        self, records: Iterable[TicketRecord], organizations: frozenset[str] | None = None
    ) -> None:
        self.records = {record.token: record for record in records}
        self.organizations = organizations

    @property
    def tokens(self) -> Collection[str]:
        """The tokens of the records."""
        return self.records.keys()

    @staticmethod
    async def apply(
        transaction: Transaction, changes: Sequence["PutTickets"]
    ) -> list[list[TicketResult]]:
        """Put all records of all requests by one statement."""
        permitted = [record for change in changes for record in change._permitted()]
        written = await transaction.tickets.put(permitted) if permitted else {}
        rest = [
            record
            for change in changes
            for record in change.records.values()
            if record.token not in written
        ]
        tickets = await transaction.tickets.read([record.token for record in rest])
        asked = {record.organization_id for record in rest}
        unknown = await transaction.access.unknown_organizations(asked)
        return [change._results(written, tickets, unknown) for change in changes]

    def _permitted(self) -> Iterable[TicketRecord]:
        """The records of organizations that the caller may know of."""
        records, organizations = self.records.values(), self.organizations
        if organizations is None:
            return records
        return [record for record in records if record.organization_id in organizations]

    def _results(
        self,
        written: Mapping[str, bool],
        tickets: Mapping[str, Ticket],
        unknown_organizations: frozenset[str],
    ) -> list[TicketResult]:
        results = []
        for token, record in self.records.items():
            if token in written:
                outcome = Outcome.ADDED if written[token] else Outcome.UPDATED
            else:
                exists = record.organization_id not in unknown_organizations
                outcome = judge_put(tickets.get(token), record, exists, self.organizations)
                if outcome is Outcome.ADDED:
                    raise LostRace
                if outcome is Outcome.UPDATED:
                    outcome = Outcome.UNCHANGED  # its details are the same, so nothing was written
            owner_id = record.owner_id if outcome in SUCCESSES else None
            results.append(TicketResult(token, outcome, owner_id))
        return results


def _require_different(records: Sequence[TicketRecord]) -> None:
    """Raise `InvalidRequest`, which names no token: its message is logged."""
    firsts: dict[str, int] = {}
    for number, record in enumerate(records, 1):
        first = firsts.setdefault(record.token, number)
        if first != number:
            raise InvalidRequest(
                f"Records {first} and {number}, counted from 1, have the same token. Send one."
            )
