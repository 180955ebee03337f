"""What is told of one seat after it changed, to channels that may see its ticket."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple, Self

from seatlatch.domain.outcome import Outcome
from seatlatch.domain.ticket import SeatStatus, TicketRecord

Change = Literal["locked", "unlocked", "held", "released", "voided"]

CHANGES: Mapping[Outcome, Change] = {
    Outcome.LOCKED: "locked",
    Outcome.UNLOCKED: "unlocked",
    Outcome.HELD: "held",
    Outcome.RELEASED: "released",
    Outcome.MADE_VOID: "voided",
}
"""What happened to a ticket, in the words of the feed and of webhooks."""


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

    def told_to(self, channel_code: str) -> Self | None:
        """As a channel is told of it; None = it is not: whether another channel has listed a ticket
        is what the answers to its calls keep from it, too.
        """
        if self.of_channel in (None, channel_code):
            return self
        if self.by_channel is not None or self.outcome is Outcome.UNLOCKED:
            return None
        return self._replace(mpreserve=False, of_channel=None)
