"""What is told of one seat after it changed, to channels that may see its ticket."""

from datetime import datetime
from typing import NamedTuple

from seatlatch.domain.outcome import Outcome
from seatlatch.domain.ticket import SeatStatus, TicketRecord


class SeatEvent(NamedTuple):
    """One change of one ticket.

    `outcome` says what was done (`LOCKED`, `UNLOCKED`, `HELD`, `RELEASED` or `MADE_VOID`), `status`
    and `mpreserve` how the seat stood after it. `version` numbers the ticket's changes: of two
    events the higher one is the newer. `by_channel` None = the box office did it. `of_channel` is
    the channel whose listing it touched: the one that has or had set mpreserve. `record` is what is
    said of the ticket now.
    """

    entry_id: int
    request_id: str
    moment: datetime
    outcome: Outcome
    status: SeatStatus
    mpreserve: bool
    hold_expires_at: datetime | None
    version: int
    by_channel: str | None
    of_channel: str | None
    record: TicketRecord
