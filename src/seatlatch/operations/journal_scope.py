"""The part of the journal that an operator may see, if its key is limited to organizations.

See decision 153.
"""

import asyncio
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from seatlatch.domain.journal import Entry, FoundEntry
from seatlatch.domain.ticket import Ticket
from seatlatch.store.interface import Snapshot, Store

TOKENS_AT_ONCE = 1_000
"""Reading this number of tickets takes a few milliseconds. Then other requests are served."""


class Scope(NamedTuple):
    """The organizations whose tickets a reader of the journal may see; None = all."""

    organizations: frozenset[str] | None = None


EVERYTHING = Scope()


async def visible_entries(
    store: Store, entries: Sequence[FoundEntry], scope: Scope
) -> Sequence[FoundEntry]:
    """Entries reduced to the tokens that a reader may see; those without any are left out.

    Raises `Unavailable`.
    """
    if scope.organizations is None:
        return entries
    readable = [entry for entry in entries if isinstance(entry, Entry)]
    tokens = {token for entry in readable for tokens in entry.outcomes.values() for token in tokens}
    visible = await _visible_tokens(store, tokens, scope.organizations)
    reduced = (_reduced(entry, visible) for entry in readable)
    return [entry for entry in reduced if entry is not None]


async def includes(snapshot: Snapshot, token: str, scope: Scope) -> bool:
    """Whether a reader may see a ticket that exists."""
    if scope.organizations is None:
        return True
    tickets = await snapshot.tickets.read([token])
    return any(ticket.organization_id in scope.organizations for ticket in tickets.values())


async def _visible_tokens(
    store: Store, tokens: Iterable[str], organizations: frozenset[str]
) -> set[str]:
    """The tokens of tickets of these organizations. A ticket never changes its organization."""
    visible: set[str] = set()
    remaining = iter(tokens)
    while some := list(islice(remaining, TOKENS_AT_ONCE)):
        tickets = await store.read(partial(_read_tickets, tokens=some))
        visible.update(
            token for token, ticket in tickets.items() if ticket.organization_id in organizations
        )
        await asyncio.sleep(0)  # let other requests run
    return visible


async def _read_tickets(snapshot: Snapshot, tokens: Sequence[str]) -> Mapping[str, Ticket]:
    return await snapshot.tickets.read(tokens)


def _reduced(entry: Entry, visible: Container[str]) -> Entry | None:
    outcomes = {}
    for outcome, tokens in entry.outcomes.items():
        kept = [token for token in tokens if token in visible]
        if kept:
            outcomes[outcome] = kept
    if not outcomes:
        return None
    changed = [one for one in entry.changed if one.token in visible]
    return entry._replace(outcomes=outcomes, changed=changed)
