"""The event of one change of a seat, for channels that may see its ticket."""

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
"""The change of a ticket in the words of the feed and of webhooks."""


class SeatEvent(NamedTuple):
    """One change of one ticket.

    `outcome` is `LOCKED`, `UNLOCKED`, `HELD`, `RELEASED` or `MADE_VOID`. `status` and `mpreserve`
    are the state after the change. `version` numbers the ticket's changes: of two events the one
    with the higher version is newer. `by_channel` None = the box office made the change.
    `of_channel` is the channel whose listing it affected: the one that has or had set mpreserve.
    `record` is the ticket's record now. `season` and `item` are the codes of the performance to
    which the ticket admits, None = not known. `timestamp` is aware UTC.
    """

    entry_id: int
    request_id: str
    timestamp: datetime
    outcome: Outcome
    status: SeatStatus
    mpreserve: bool
    hold_expires_at: datetime | None
    version: int
    by_channel: str | None
    of_channel: str | None
    record: TicketRecord
    season: str | None = None
    item: str | None = None

    def visible_to(self, channel_code: str) -> Self | None:
        """The event as a channel may see it; None = it may not.

        It must not reveal whether another channel has listed a ticket, as the responses to the
        channel's own calls do not.
        """
        if self.of_channel in (None, channel_code):
            return self
        if self.by_channel is not None or self.outcome is Outcome.UNLOCKED:
            return None
        return self._replace(mpreserve=False, of_channel=None)
