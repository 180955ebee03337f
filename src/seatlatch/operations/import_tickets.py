"""Import: a whole file of tickets. Everything is looked at before anything is kept."""

from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.importing import BadLine, Importing, Portion

BAD_LINES_SHOWN = 100
"""So many bad lines are told one by one; of the others only how many."""

Line = tuple[int, TicketRecord | BadLine]
"""A line's number, from 1, and what was found in it."""


class Imported(NamedTuple):
    """What came of an import: how many tickets by what became of them, and the bad lines.

    `kept` False = nothing of the file was kept, because of the bad lines. `bad_lines` counts all
    of them, `shown` holds the first.
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
    """Put all tickets of a file into the inventory, or, if any line is bad, none of them.

    With `keep_good` those of the good lines. `merged` is told of each portion. Raises
    `OrganizationGone`. Source: the contract's section on the command line.
    """
    bad = _Bad()
    importing.pile_up(_good(lines, bad))
    importing.take_out_conflicts(bad.add)
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
