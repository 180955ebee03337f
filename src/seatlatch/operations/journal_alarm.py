"""The alarm for a damaged journal: one log event and one metric, wherever the damage is found."""

from collections.abc import Iterable
from typing import Literal, Protocol

from seatlatch.domain.journal import FoundEntry
from seatlatch.domain.verification import Tampered
from seatlatch.logs import Log

LOGGED_ENTRIES_MAX = 1_000
"""Damage that was logged is not logged again, up to this number of entries and heads."""

Part = Literal["row", "head"]


class DamageObserver(Protocol):
    """Counts damage."""

    def journal_damaged(self, part: Part) -> None:
        """Count a damaged row, or a chain whose head is damaged."""


class JournalAlarm:
    """Counts damage each time that it is found, and logs each place once."""

    def __init__(self, log: Log, observer: DamageObserver) -> None:
        self._log = log
        self._observer = observer
        self._logged: set[str] = set()

    def entries(self, entries: Iterable[FoundEntry]) -> None:
        """Raise the alarm for those of the entries that are damaged."""
        for entry in entries:
            if entry.damaged:
                self._raise("row", f"Entry {entry.entry_id} is damaged.")

    def heads(self, faults: Iterable[str]) -> None:
        """Raise the alarm for each fault of a chain's head."""
        for fault in faults:
            self._raise("head", fault)

    def tampered(self, found: Iterable[Tampered]) -> None:
        """Raise the alarm for what a verification has found."""
        for chain, number, what in found:
            self._raise("row", f"Chain {chain}, row {number}: {what}")

    def _raise(self, part: Part, reason: str) -> None:
        self._observer.journal_damaged(part)
        if reason not in self._logged:
            if len(self._logged) >= LOGGED_ENTRIES_MAX:
                self._logged.clear()
            self._logged.add(reason)
            self._log.error("journal damaged", part=part, reason=reason)
