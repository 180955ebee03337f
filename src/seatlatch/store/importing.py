"""What an import asks of a database: many tickets at once, looked at before any of them is kept."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from seatlatch.domain.ticket import TicketRecord


class BadLine(NamedTuple):
    """A line of a file that can't be kept. `column` None = it is not one column's fault."""

    line: int
    column: str | None
    problem: str


class OrganizationGone(Exception):
    """The organization was removed while tickets were imported into it."""

    def __init__(self) -> None:
        super().__init__("The organization was removed meanwhile.")


class Portion(NamedTuple):
    """How many tickets of one portion were new, changed, or so already, and which could not be.

    `durable` False = they are all lost if the import is cut off before it says True.
    """

    added: int
    updated: int
    unchanged: int
    durable: bool
    bad: tuple[BadLine, ...] = ()


class Importing(Protocol):
    """An import into one organization, on a database that others may use meanwhile.

    Everything goes onto a pile beside the inventory first, which takes no lock and is gone when
    the process ends, however it ends.
    """

    def pile_up(self, records: Iterable[tuple[int, TicketRecord]]) -> None:
        """Put records on the pile, each with the number of its line."""

    def take_out_conflicts(self, tell: Callable[[BadLine], None]) -> None:
        """Take from the pile what no import may do, and `tell` of each line why.

        A token that stands in an earlier line, or whose ticket is another organization's. To be
        called once, after the last `pile_up` and before `merge`.
        """

    def merge(self) -> Iterator[Portion]:
        """Put the pile into the inventory, portion by portion.

        Each portion is a transaction of its own, so that unlocks come in between; an engine may
        fill an inventory that is still empty, where there is nothing to unlock, in one. It never
        touches mpreserve, seat status or void of a ticket that exists. To be run again if it was
        cut off: what is in already is then unchanged. Raises `OrganizationGone`.
        """
