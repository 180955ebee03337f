"""Preview a put: the outcome for each ticket, without a change.

See decision 184.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from seatlatch.domain.outcome import SUCCESSES, Outcome, TicketResult
from seatlatch.domain.record import changes_details
from seatlatch.domain.rules import judge_put
from seatlatch.domain.ticket import TicketRecord, WholeTicket
from seatlatch.store.interface import Snapshot, Store

AT_ONCE_TOKENS = 100
PAUSE_SECONDS = 0.002
"""After reading this many tickets, other requests run at least for this long. On SQLite the event
loop is blocked while tickets are read.
"""


async def preview_put(
    store: Store, records: Sequence[TicketRecord], organizations: frozenset[str] | None = None
) -> list[TicketResult]:
    """The results that `put_tickets` would have now, in the order of the records.

    Their tokens must be different. Raises `Unavailable`.
    """
    asked = {record.organization_id for record in records}
    unknown = await store.read(lambda snapshot: snapshot.access.unknown_organizations(asked))
    results: list[TicketResult] = []
    for start in range(0, len(records), AT_ONCE_TOKENS):
        some = records[start : start + AT_ONCE_TOKENS]
        found = await store.read(partial(_read, records=some))
        results += (
            _result(record, found.get(record.token), organizations, unknown) for record in some
        )
        await asyncio.sleep(PAUSE_SECONDS)
    return results


async def _read(snapshot: Snapshot, records: Sequence[TicketRecord]) -> Mapping[str, WholeTicket]:
    return await snapshot.tickets.read_whole([record.token for record in records])


def _result(
    record: TicketRecord,
    found: WholeTicket | None,
    organizations: frozenset[str] | None,
    unknown_organizations: frozenset[str],
) -> TicketResult:
    exists = record.organization_id not in unknown_organizations
    outcome = judge_put(found.ticket if found else None, record, exists, organizations)
    if outcome is Outcome.UPDATED and found and not changes_details(found.record, record):
        outcome = Outcome.UNCHANGED
    return TicketResult(record.token, outcome, record.owner_id if outcome in SUCCESSES else None)
