"""Previews of changes: for each ticket, what a request would lead to now.

See decision 177.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

from seatlatch.domain.outcome import Outcome
from seatlatch.domain.ticket import TicketRecord
from seatlatch.domain.ticket_filter import TicketState, state_of
from seatlatch.operations.ticket_verbs import TicketVerb
from seatlatch.store.interface import Snapshot, Store

PORTION_TICKETS = 500
"""The tickets that are read before other requests run."""


class PreviewedTicket(NamedTuple):
    """A ticket and the outcome that a change of it would have.

    `record` and `state` None = it does not exist in the organizations that the caller may see.
    `version`: the change is for the ticket as it is now.
    """

    token: str
    outcome: Outcome
    record: TicketRecord | None = None
    state: TicketState | None = None
    version: int = 0


async def preview_change(
    store: Store,
    verb: TicketVerb[Any],
    wish: Any,
    tokens: Collection[str],
    organizations: frozenset[str] | None,
) -> Sequence[PreviewedTicket]:
    """A preview for each different token, in the order given. Changes nothing.

    `wish`: what the change asks of each ticket. Raises `Unavailable`.
    """
    asked = list(dict.fromkeys(tokens))
    previewed: list[PreviewedTicket] = []
    for start in range(0, len(asked), PORTION_TICKETS):
        portion = asked[start : start + PORTION_TICKETS]
        work = partial(_preview, verb=verb, wish=wish, tokens=portion, organizations=organizations)
        previewed += await store.read(work)
    return previewed


async def _preview(
    snapshot: Snapshot,
    verb: TicketVerb[Any],
    wish: Any,
    tokens: Sequence[str],
    organizations: frozenset[str] | None,
) -> list[PreviewedTicket]:
    found = await snapshot.tickets.read_whole(tokens)
    now = await snapshot.now()
    previewed: list[PreviewedTicket] = []
    for token in tokens:
        whole = found.get(token)
        if whole is None or (
            organizations is not None and whole.ticket.organization_id not in organizations
        ):
            previewed.append(PreviewedTicket(token, Outcome.UNKNOWN))
            continue
        outcome, state = verb.judge(whole.ticket, wish, now), state_of(whole.ticket, now)
        previewed.append(PreviewedTicket(token, outcome, whole.record, state, whole.version))
    return previewed
