"""The oldest waiting messages of one endpoint, and which of them may be sent now. Pure.

The changes of a ticket are delivered one after the other: a message waits while an earlier waiting
message is about one of its tickets.

See decision 79.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from seatlatch.store.webhooks import Pending


class Window:
    """The oldest waiting messages of an endpoint, in their order."""

    def __init__(self) -> None:
        self._pending: dict[int, Pending] = {}
        self._in_flight: set[int] = set()
        self._touched: set[int] = set()

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def in_flight(self) -> int:
        """Number of messages that are being sent."""
        return len(self._in_flight)

    def begin_refresh(self) -> None:
        """Note that the database is about to be read.

        What happens to a message from now on may be missing from what the database returns.
        """
        self._touched = set(self._in_flight)

    def refresh(self, pending: Sequence[Pending]) -> None:
        """Replace all messages by those of the database, except those touched since
        `begin_refresh`: of these the window knows more. Without this exception a message that ended
        during the read would come back and be sent twice.
        """
        read = {one.number: one for one in pending if one.number not in self._touched}
        kept = {number: one for number, one in self._pending.items() if number in self._touched}
        self._pending = dict(sorted({**read, **kept}.items()))

    def add(self, pending: Sequence[Pending]) -> None:
        """Add new messages, which come after all others."""
        for one in pending:
            self._pending[one.number] = one
            self._touched.add(one.number)

    def ready(self, now: datetime, limit: int) -> Collection[Pending]:
        """The first messages that may be sent now and are not being sent; at most `limit`."""
        found: list[Pending] = []
        for one, is_free in self._free():
            if len(found) >= limit:
                break
            if is_free and one.due_at <= now and one.number not in self._in_flight:
                found.append(one)
        return found

    def next_due_at(self) -> datetime | None:
        """When the next message may be sent, if nothing else happens. None = not before."""
        due = [
            one.due_at
            for one, is_free in self._free()
            if is_free and one.number not in self._in_flight
        ]
        return min(due, default=None)

    def _free(self) -> Collection[tuple[Pending, bool]]:
        """Each message, and whether no earlier one is about one of its tickets.

        A message that is itself not free blocks later ones too: otherwise a later change of one of
        its tickets would overtake it.
        """
        blocked: set[str] = set()
        found = []
        for one in self._pending.values():
            found.append((one, blocked.isdisjoint(one.tokens)))
            blocked.update(one.tokens)
        return found

    def started(self, one: Pending) -> None:
        """Note that an attempt to send a message has started."""
        self._in_flight.add(one.number)

    def ended(self, one: Pending) -> None:
        """Remove a message that was delivered or given up."""
        self._attempt_ended(one)
        self._pending.pop(one.number, None)

    def postponed(self, one: Pending) -> None:
        """Keep a message for another attempt; `one` has its new values."""
        self._attempt_ended(one)
        if one.number in self._pending:
            self._pending[one.number] = one

    def _attempt_ended(self, one: Pending) -> None:
        self._in_flight.discard(one.number)
        self._touched.add(one.number)


def untried_are_due(found: Sequence[Pending], now: datetime) -> list[Pending]:
    """The same messages, with those that were never tried due now.

    Their timestamp is from the database's clock, and the clock of this process, which is computed
    from it, may be a little behind.
    """
    return [one if one.attempts else one._replace(due_at=now) for one in found]
