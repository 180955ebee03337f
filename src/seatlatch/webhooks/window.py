"""The messages of one endpoint that wait, as far as its teller looks: which may be sent now. Pure.

A ticket's changes are told one after the other: a message waits while an earlier one that waits
tells of one of its tickets.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from seatlatch.store.webhooks import Pending


class Window:
    """The oldest messages of an endpoint that wait, in their order."""

    def __init__(self) -> None:
        self._pending: dict[int, Pending] = {}
        self._in_flight: set[int] = set()
        self._touched: set[int] = set()

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def in_flight(self) -> int:
        """How many are being sent."""
        return len(self._in_flight)

    def look_away(self) -> None:
        """From now on the database is read anew: what is done meanwhile, it may not know yet."""
        self._touched = set(self._in_flight)

    def look(self, pending: Sequence[Pending]) -> None:
        """Take what the database knows, but for what was done since `look_away`."""
        known = {one.number: one for one in pending if one.number not in self._touched}
        kept = {number: one for number, one in self._pending.items() if number in self._touched}
        self._pending = dict(sorted({**known, **kept}.items()))

    def add(self, pending: Sequence[Pending]) -> None:
        """New ones, which come after all others."""
        for one in pending:
            self._pending[one.number] = one
            self._touched.add(one.number)

    def ready(self, now: datetime, most: int) -> Collection[Pending]:
        """Those that may be sent now and are not, some of them at most."""
        found: list[Pending] = []
        for one, is_free in self._free():
            if len(found) >= most:
                break
            if is_free and one.due_at <= now and one.number not in self._in_flight:
                found.append(one)
        return found

    def next_due_at(self) -> datetime | None:
        """When the next one may be sent, if nothing else happens."""
        due = [
            one.due_at
            for one, is_free in self._free()
            if is_free and one.number not in self._in_flight
        ]
        return min(due, default=None)

    def _free(self) -> Collection[tuple[Pending, bool]]:
        """Each with whether no earlier one tells of its tickets."""
        told: set[str] = set()
        found = []
        for one in self._pending.values():
            found.append((one, told.isdisjoint(one.tokens)))
            told.update(one.tokens)
        return found

    def sending(self, one: Pending) -> None:
        """It is on its way."""
        self._in_flight.add(one.number)

    def ended(self, one: Pending) -> None:
        """It was delivered or given up."""
        self._returned(one)
        self._pending.pop(one.number, None)

    def postponed(self, one: Pending) -> None:
        """It is to be tried again as it says now."""
        self._returned(one)
        if one.number in self._pending:
            self._pending[one.number] = one

    def _returned(self, one: Pending) -> None:
        self._in_flight.discard(one.number)
        self._touched.add(one.number)


def untried_are_due(found: Sequence[Pending], now: datetime) -> list[Pending]:
    """The same, with those that were not tried yet due now: the database's clock wrote
    their timestamp, and ours, which is computed from it, may be a little behind.
    """
    return [one if one.attempts else one._replace(due_at=now) for one in found]
