"""Put: add tickets of the ticketing system, or update their details.

See decisions 43 and 44.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from seatlatch.commit import Change, Committer
from seatlatch.domain.outcome import SUCCESSES, Outcome, TicketResult
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.rules import judge_put
from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.interface import LostRace, Transaction

AT_ONCE_TOKENS = 500
"""A large request is split into portions of this size, so that unlocks can run between them."""


async def put_tickets(committer: Committer, records: Sequence[TicketRecord]) -> list[TicketResult]:
    """Add tickets or update them; one result per record, in the order given.

    Never changes mpreserve, seat status or void of an existing ticket, nor details that a record
    does not give. Each returned result is durable; so are, portion by portion, those before an
    `Unavailable`. Raises `InvalidRequest` if two records have the same token.
    Source: the contract's section on operator HTTP.
    """
    _require_different(records)
    results: list[TicketResult] = []
    for start in range(0, len(records), AT_ONCE_TOKENS):
        put: list[TicketResult] = await committer.submit(
            PutTickets(records[start : start + AT_ONCE_TOKENS])
        )
        results += put
    return results


class PutTickets(Change[list[TicketResult]]):
    """A portion of the records of one request."""

    __slots__ = ("records",)

    def __init__(self, records: Iterable[TicketRecord]) -> None:
        self.records = {record.token: record for record in records}

    @property
    def tokens(self) -> Collection[str]:
        """The tokens of the records."""
        return self.records.keys()

    @staticmethod
    async def apply(
        transaction: Transaction, changes: Sequence["PutTickets"]
    ) -> list[list[TicketResult]]:
        """Put all records of all requests by one statement."""
        records: dict[str, TicketRecord] = {}
        for change in changes:
            records.update(change.records)
        results = await _put(transaction, records)
        return [[results[token] for token in change.records] for change in changes]


async def _put(
    transaction: Transaction, records: Mapping[str, TicketRecord]
) -> Mapping[str, TicketResult]:
    written = await transaction.tickets.put(records.values())
    rest = [token for token in records if token not in written]
    tickets = await transaction.tickets.read(rest)
    asked = {records[token].organization_id for token in rest}
    unknown = await transaction.access.unknown_organizations(asked)
    results = {}
    for token, record in records.items():
        if token in written:
            outcome = Outcome.ADDED if written[token] else Outcome.UPDATED
        else:
            exists = record.organization_id not in unknown
            outcome = judge_put(tickets.get(token), record, exists)
            if outcome is Outcome.ADDED:
                raise LostRace
            if outcome is Outcome.UPDATED:
                outcome = Outcome.UNCHANGED  # its details are the same, so nothing was written
        owner_id = record.owner_id if outcome in SUCCESSES else None
        results[token] = TicketResult(token, outcome, owner_id)
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
