"""Put: add events, or update what is known of them.

See decisions 147 and 149.
"""

from collections.abc import Collection, Sequence

from seatlatch.commit import Change, Committer
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.performance import Event, EventKey, EventResult, updated
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.store.events import ChangedEvent
from seatlatch.store.interface import Transaction

AT_ONCE_EVENTS = 100
"""A large request is split into portions of this size, so that unlocks can run between them."""


async def put_events(
    committer: Committer,
    events: Sequence[Event],
    request_id: str,
    organizations: Collection[str] | None = None,
) -> list[EventResult]:
    """Add events or update them; one result per event, in the order given.

    The events have no problem (`domain.performance.event_problem`). `organizations`: those that the
    caller may see; None = all. Each returned result is durable; so are, portion by portion, those
    before an `Unavailable`. Raises `InvalidRequest` if two events have the same key.
    Source: the contract's section on the second edition of operator HTTP.
    """
    _require_different(events)
    results: list[EventResult] = []
    for start in range(0, len(events), AT_ONCE_EVENTS):
        portion = PutEvents(events[start : start + AT_ONCE_EVENTS], request_id, organizations)
        put: list[EventResult] = await committer.submit(portion)
        results += put
    return results


class PutEvents(Change[list[EventResult]]):
    """A portion of the events of one request."""

    __slots__ = ("events", "organizations", "request_id")

    def __init__(
        self, events: Sequence[Event], request_id: str, organizations: Collection[str] | None
    ) -> None:
        self.events = events
        self.request_id = request_id
        self.organizations = organizations

    def may_see(self, organization_id: str) -> bool:
        """Whether the caller may see an organization."""
        return self.organizations is None or organization_id in self.organizations

    @staticmethod
    async def apply(
        transaction: Transaction, changes: Sequence["PutEvents"]
    ) -> list[list[EventResult]]:
        """Put the events of all requests, one request after the other."""
        change_number = await transaction.events.lock()
        keys = {event.key for change in changes for event in change.events}
        stored = dict(await transaction.events.find(keys))
        unknown = await transaction.access.unknown_organizations(
            {key.organization_id for key in keys}
        )
        changed: list[ChangedEvent] = []
        results: list[list[EventResult]] = [[] for _ in changes]
        for change, of_change in zip(changes, results, strict=True):
            for put in change.events:
                outcome = Outcome.UNKNOWN_ORGANIZATION
                if put.organization_id not in unknown and change.may_see(put.organization_id):
                    before, after = stored.get(put.key), updated(stored.get(put.key), put)
                    outcome = _outcome(before, after)
                if outcome in (Outcome.ADDED, Outcome.UPDATED):
                    stored[put.key] = after
                    number = change_number + len(changed) + 1
                    changed.append(ChangedEvent(after, number, change.request_id))
                of_change.append(EventResult(put.key, outcome))
        await transaction.events.write(changed)
        return results


def _outcome(before: Event | None, after: Event) -> Outcome:
    if before is None:
        return Outcome.ADDED
    return Outcome.UNCHANGED if after == before else Outcome.UPDATED


def _require_different(events: Sequence[Event]) -> None:
    """Raise `InvalidRequest` if two events have the same key."""
    firsts: dict[EventKey, int] = {}
    for number, event in enumerate(events, 1):
        first = firsts.setdefault(event.key, number)
        if first != number:
            raise InvalidRequest(
                f"Entries {first} and {number}, counted from 1, name the same event. Send one."
            )
