"""The ticket as the rules see it: a value, never changed in place."""

from typing import Literal, NamedTuple

SeatStatus = Literal["LOCK", "UNLOCK"]
"""Owned by the ticketing system; `LOCK` = a box-office operation holds the seat's record."""


class Ticket(NamedTuple):
    """One ticket (item/seat), named by its opaque token.

    `mpreserve_channel` is the code of the channel that set mpreserve, None while mpreserve is
    false.
    """

    token: str
    organization_id: str
    owner_id: str
    voided: bool
    seat_status: SeatStatus
    mpreserve_channel: str | None

    @property
    def mpreserve(self) -> bool:
        """Whether the ticket is protected because it is listed at a marketplace."""
        return self.mpreserve_channel is not None
