"""Import: a whole file of tickets. All lines are checked before any ticket is stored.

See decision 57.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.importing import BadLine, Importing, Portion

BAD_LINES_SHOWN = 100
"""How many bad lines are reported with their problem; the others are only counted."""

Line = tuple[int, TicketRecord | BadLine]
"""The number of a line, from 1, and its record or problem."""


class Imported(NamedTuple):
    """The result of an import: numbers of tickets by outcome, and the bad lines.

    `kept` False = no ticket of the file was stored, because of bad lines. `bad_lines` is the number
    of all of them, `shown` has the first.
    """

    kept: bool
    added: int
    updated: int
    unchanged: int
    bad_lines: int
    shown: tuple[BadLine, ...]


class _Bad:
    """Counts bad lines, and remembers the first."""

    def __init__(self) -> None:
        self.lines = 0
        self.shown: list[BadLine] = []

    def add(self, bad: BadLine) -> None:
        self.lines += 1
        insort(self.shown, bad, key=lambda one: one.line)
        del self.shown[BAD_LINES_SHOWN:]


def import_tickets(
    importing: Importing,
    lines: Iterable[Line],
    *,
    keep_good: bool,
    merged: Callable[[Portion], None],
) -> Imported:
    """Store all tickets of a file, or none of them if any line is bad.

    With `keep_good`, store the tickets of the good lines. `merged` is called after each portion.
    Raises `OrganizationGone`. Source: the contract's section on the command line.
    """
    bad = _Bad()
    importing.stage(_good(lines, bad))
    importing.remove_conflicts(bad.add)
    if bad.lines and not keep_good:
        return Imported(False, 0, 0, 0, bad.lines, tuple(bad.shown))
    added = updated = unchanged = 0
    for portion in importing.merge():
        added += portion.added
        updated += portion.updated
        unchanged += portion.unchanged
        for late in portion.bad:
            bad.add(late)
        merged(portion)
    return Imported(True, added, updated, unchanged, bad.lines, tuple(bad.shown))


def _good(lines: Iterable[Line], bad: _Bad) -> Iterator[tuple[int, TicketRecord]]:
    for number, found in lines:
        if isinstance(found, BadLine):
            bad.add(found)
        else:
            yield number, found
