"""Find what needs attention: webhooks, holds, locks and the journal.

See decision 183.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.verification import Verification
from seatlatch.domain.webhook import Webhook, WebhookState
from seatlatch.operations.journal_heads import find_head_faults
from seatlatch.operations.locked_counts import LockedCounter, LockedCounts
from seatlatch.operations.record_verification import DUE_AFTER_SECONDS, last_verification
from seatlatch.store.access import ChannelEntry
from seatlatch.store.interface import Snapshot, Store

FRESH_SECONDS = 5.0
"""How long the facts are cached, however many people look."""

Revocation = Literal["channel removed", "no application with a key", "no grant"]


class EndlessHolds(NamedTuple):
    """Tickets of an event that are held without an end. `access_id` None = of several events."""

    organization_id: str
    access_id: str | None
    tickets: int


class RevokedLocks(NamedTuple):
    """Tickets listed by a channel that can no longer unlock them, and why it cannot."""

    organization_id: str
    channel_code: str
    tickets: int
    why: Revocation


class JournalState(NamedTuple):
    """The known state of the journal. `last` None = it was never verified.

    `damage`: why it is damaged, one sentence each; empty = no damage was found.
    """

    last: Verification | None
    is_due: bool
    damage: Sequence[str]


class Attention(NamedTuple):
    """All that needs attention, as one person may see it.

    `webhooks`: those that are failing, or disabled because of their receivers. `journal` None = it
    needs none. `counted_at`: when holds and locks were counted; None = they are being counted.
    """

    webhooks: Sequence[Webhook]
    holds: Sequence[EndlessHolds]
    locks: Sequence[RevokedLocks]
    journal: JournalState | None
    counted_at: datetime | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing needs attention, as far as it is known."""
        return not (self.webhooks or self.holds or self.locks or self.journal)


class _Facts(NamedTuple):
    """The facts of one snapshot, about everything but tickets."""

    webhooks: Sequence[Webhook]
    channels: Mapping[str, ChannelEntry]
    active_channels: Collection[str]
    last: Verification | None
    head_faults: Sequence[str]
    now: datetime


class AttentionFinder:
    """Finds what needs attention. To be used from one event loop.

    `damaged_rows`: how often a damaged row of the journal was read since the start of the server.
    `monotonic`: the seconds of a clock that only advances.
    """

    def __init__(
        self,
        store: Store,
        counter: LockedCounter,
        damaged_rows: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._counter = counter
        self._damaged_rows = damaged_rows
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._facts: _Facts | None = None
        self._read_at = 0.0

    async def find(self, operator: Operator) -> Attention:
        """Find what needs the attention of an operator. Raises `Unavailable`.

        Webhooks and the journal are for operators who are not limited to organizations.
        """
        facts, counts = await self._fresh_facts(), self._counter.latest()
        sees_all = operator.organizations is None
        return Attention(
            _failing(facts) if sees_all and operator.role.includes(Role.SUPPORT) else [],
            _holds(counts, operator) if counts else [],
            _revoked_locks(counts, facts, operator) if counts else [],
            self._journal(facts) if sees_all else None,
            counts.counted_at if counts else None,
        )

    async def _fresh_facts(self) -> _Facts:
        async with self._lock:
            if self._facts is None or self._monotonic() - self._read_at >= FRESH_SECONDS:
                self._facts = await self._store.read(_read_facts)
                self._read_at = self._monotonic()
            return self._facts

    def _journal(self, facts: _Facts) -> JournalState | None:
        last = facts.last
        due_after = timedelta(seconds=DUE_AFTER_SECONDS)
        is_due = last is None or facts.now - last.finished_at > due_after
        damage = [*facts.head_faults]
        if last is not None:
            damage += [one.what for one in last.tampered]
        if not damage and self._damaged_rows():
            damage.append("A damaged row was read since the start of the server.")
        return JournalState(last, is_due, damage) if is_due or damage else None


async def _read_facts(snapshot: Snapshot) -> _Facts:
    return _Facts(
        await snapshot.webhooks.read_all(),
        {channel.code: channel for channel in await snapshot.access.channels()},
        {one.channel_code for one in await snapshot.access.applications() if one.api_keys},
        await last_verification(snapshot),
        [str(fault) for fault in await find_head_faults(snapshot)],
        await snapshot.now(),
    )


def _failing(facts: _Facts) -> Sequence[Webhook]:
    return [
        webhook
        for webhook in facts.webhooks
        if webhook.state is WebhookState.DISABLED or webhook.shown_state == "failing"
    ]


def _holds(counts: LockedCounts, operator: Operator) -> Sequence[EndlessHolds]:
    """The largest first."""
    found = [EndlessHolds(*key, tickets) for key, tickets in counts.holds.items()]
    found += [EndlessHolds(one, None, tickets) for one, tickets in counts.other_holds.items()]
    seen = (one for one in found if operator.may_see(one.organization_id))
    return sorted(seen, key=lambda one: -one.tickets)


def _revoked_locks(
    counts: LockedCounts, facts: _Facts, operator: Operator
) -> Sequence[RevokedLocks]:
    return sorted(
        (
            RevokedLocks(organization_id, code, tickets, why)
            for (organization_id, code), tickets in counts.locks.items()
            if operator.may_see(organization_id)
            and (why := _revocation(facts, organization_id, code))
        ),
        key=lambda one: -one.tickets,
    )


def _revocation(facts: _Facts, organization_id: str, code: str) -> Revocation | None:
    """The reason why a channel cannot unlock the tickets of an organization; None = it can."""
    channel = facts.channels.get(code)
    if channel is None:
        return "channel removed"
    if organization_id not in channel.organizations:
        return "no grant"
    return None if code in facts.active_channels else "no application with a key"
