"""The interface of an import: many tickets, checked before any of them is stored."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from seatlatch.domain.ticket import TicketRecord


class BadLine(NamedTuple):
    """A line of a file that can't be stored. `column` None = no single column is at fault."""

    line: int
    column: str | None
    problem: str


def foreign_ticket(line: int) -> BadLine:
    """A line whose token is the ticket of another organization."""
    return BadLine(line, "token", "belongs to another organization")


def repeated_token(line: int, first: int) -> BadLine:
    """A line whose token an earlier line has."""
    return BadLine(line, "token", f"is already in line {first}")


class OrganizationGone(Exception):
    """The organization was removed while tickets were imported into it."""

    def __init__(self) -> None:
        super().__init__("The organization was removed during the import.")


class Portion(NamedTuple):
    """The result of one portion: how many tickets were new, changed or unchanged, and bad lines.

    `durable` False = the tickets are lost if the import is interrupted before a later portion
    has `durable` True.
    """

    added: int
    updated: int
    unchanged: int
    durable: bool
    bad: tuple[BadLine, ...] = ()


class Importing(Protocol):
    """An import into one organization, on a database that may be in use.

    Records are first staged in temporary tables beside the inventory. Staging locks nothing, and
    the staged records disappear with the process.
    """

    def stage(self, records: Iterable[tuple[int, TicketRecord]]) -> None:
        """Stage records, each with the number of its line."""

    def remove_conflicts(self, report: Callable[[BadLine], None]) -> None:
        """Remove staged records that must not be imported, and `report` each line with the reason.

        These are tokens that an earlier line has, and tickets of another organization. Call it
        once, after the last `stage` and before `merge`.
        """

    def merge(self) -> Iterator[Portion]:
        """Merge the staged records into the inventory, portion by portion.

        Each portion is a transaction of its own, so unlocks can run between portions. An engine
        may fill an empty inventory, which has nothing to unlock, in one transaction. Never changes
        mpreserve, seat status or void of an existing ticket. An interrupted import can be repeated:
        tickets that were already stored are then unchanged. Raises `OrganizationGone`.
        """
