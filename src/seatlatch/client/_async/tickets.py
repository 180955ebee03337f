"""`client.tickets`: unlock, lock and verify."""

from collections.abc import Iterable
from decimal import Decimal
from typing import overload

from ..batches import OnAnswer
from ..errors import InvalidArgumentType
from ..forms import UNLOCK, VERIFY, lock, verify_barcodes
from ..models import ListedTicket, Seller, Source, Ticket, VerifiedTicket
from .caller import AsyncCaller
from .verbs import AsyncTicketsResult, AsyncVerb


class AsyncTickets:
    """The calls about tickets. Each takes any number of tickets, also from a generator, sends 100
    in a request, and returns the answers in the order of the tickets. A repeated ticket counts
    once.

    `on_answer` is called with every `Answered` as soon as it arrives: for progress, or to store it
    at once. All calls raise a `ClientError` if a whole request failed, never because of a ticket:
    failed tickets are in the result. Without tickets no request is sent.
    """

    def __init__(self, caller: AsyncCaller, lanes: int) -> None:
        self._caller = caller
        self._lanes = lanes

    async def unlock(
        self, tokens: Iterable[str], *, on_answer: OnAnswer[Ticket] | None = None
    ) -> AsyncTicketsResult[Ticket]:
        """Clear mpreserve, so that the seats are open to status changes again. A ticket that is
        already unlocked is a success. Source: the contract's section 1.
        """
        return await AsyncVerb(self._caller, UNLOCK, self._lanes).ask(tokens, on_answer)

    async def lock(
        self,
        tickets: Iterable[str | ListedTicket],
        *,
        source: Source,
        external_listing_id: str | None = None,
        total_price: Decimal | None = None,
        seller: Seller | None = None,
        on_answer: OnAnswer[Ticket] | None = None,
    ) -> AsyncTicketsResult[Ticket]:
        """Set mpreserve for a listing. For tickets that this channel has already locked, replace
        the listing.

        `tickets`: tokens, or tickets with their price. `seller` is required unless `source` is
        `MY_ACCOUNT`. Prices are exact decimals. Source: the contract's section 4.
        """
        form = lock(source, external_listing_id, total_price, seller)
        return await AsyncVerb(self._caller, form, self._lanes).ask(tickets, on_answer)

    @overload
    async def verify(
        self, tokens: Iterable[str], *, on_answer: OnAnswer[VerifiedTicket] | None = None
    ) -> AsyncTicketsResult[VerifiedTicket]:
        """Verify by token."""

    @overload
    async def verify(
        self,
        *,
        barcodes: Iterable[str],
        access_id: str,
        on_answer: OnAnswer[VerifiedTicket] | None = None,
    ) -> AsyncTicketsResult[VerifiedTicket]:
        """Verify by barcode within an event."""

    async def verify(
        self,
        tokens: Iterable[str] | None = None,
        *,
        barcodes: Iterable[str] | None = None,
        access_id: str | None = None,
        on_answer: OnAnswer[VerifiedTicket] | None = None,
    ) -> AsyncTicketsResult[VerifiedTicket]:
        """Read a snapshot of tickets, by token, or by barcode within the event `access_id`.

        To find out whether a ticket can be locked, lock it. Raises `InvalidArgument` unless there
        are either tokens, or barcodes with `access_id`. Source: the contract's section 5.
        """
        if (tokens is None) == (barcodes is None) or (barcodes is None) != (access_id is None):
            raise InvalidArgumentType("verify", "takes tokens, or barcodes with access_id")
        if barcodes is not None and access_id is not None:
            form = verify_barcodes(access_id)
            return await AsyncVerb(self._caller, form, self._lanes).ask(barcodes, on_answer)
        return await AsyncVerb(self._caller, VERIFY, self._lanes).ask(tokens or (), on_answer)
