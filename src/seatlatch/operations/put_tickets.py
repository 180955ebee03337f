"""Put: what the ticketing system says of its tickets, added or brought up to date."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from seatlatch.commit import Commits
from seatlatch.domain.outcome import SUCCESSES, Outcome, TicketResult
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.rules import judge_put
from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.interface import Outrun, Transaction

AT_ONCE_TOKENS = 500
"""A large request is worked in portions, so that the unlocks of others come in between."""


async def put_tickets(commits: Commits, records: Sequence[TicketRecord]) -> list[TicketResult]:
    """Add tickets or bring them up to date; one result per record, in the order given.

    Never touches mpreserve, seat status or void of a ticket that exists, and leaves what a record
    says nothing of. Each returned result is durable; so are, portion by portion, those before an
    `Unavailable`. Raises `InvalidRequest` if two records are of one ticket.
    Source: the contract's section on operator HTTP.
    """
    _require_different(records)
    results: list[TicketResult] = []
    for start in range(0, len(records), AT_ONCE_TOKENS):
        put: list[TicketResult] = await commits.submit(
            PutTickets(records[start : start + AT_ONCE_TOKENS])
        )
        results += put
    return results


class PutTickets:
    """Some records, waiting for their turn."""

    __slots__ = ("records",)

    def __init__(self, records: Iterable[TicketRecord]) -> None:
        self.records = {record.token: record for record in records}

    @property
    def tokens(self) -> Collection[str]:
        """The tickets that it is about."""
        return self.records.keys()

    @staticmethod
    async def work_off(
        transaction: Transaction, changes: Sequence["PutTickets"]
    ) -> list[list[TicketResult]]:
        """All records of all requests at once."""
        records: dict[str, TicketRecord] = {}
        for change in changes:
            records.update(change.records)
        results = await _put(transaction, records)
        return [[results[token] for token in change.records] for change in changes]


async def _put(
    transaction: Transaction, records: Mapping[str, TicketRecord]
) -> Mapping[str, TicketResult]:
    written = await transaction.put_tickets(records.values())
    rest = [token for token in records if token not in written]
    tickets = await transaction.read_tickets(rest)
    asked = {records[token].organization_id for token in rest}
    unknown = await transaction.unknown_organizations(asked)
    results = {}
    for token, record in records.items():
        if token in written:
            outcome = Outcome.ADDED if written[token] else Outcome.UPDATED
        else:
            exists = record.organization_id not in unknown
            outcome = judge_put(tickets.get(token), record, exists)
            if outcome is Outcome.ADDED:
                raise Outrun
            if outcome is Outcome.UPDATED:
                outcome = Outcome.UNCHANGED  # there was nothing new in it, so nothing was written
        owner_id = record.owner_id if outcome in SUCCESSES else None
        results[token] = TicketResult(token, outcome, owner_id)
    return results


def _require_different(records: Sequence[TicketRecord]) -> None:
    """Raise `InvalidRequest`, which names no token: what it says goes into the log."""
    firsts: dict[str, int] = {}
    for number, record in enumerate(records, 1):
        first = firsts.setdefault(record.token, number)
        if first != number:
            raise InvalidRequest(
                f"Records {first} and {number}, counted from 1, are of one ticket. Send one."
            )
