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
    """The calls about tickets. Each takes any number of them, also from a generator, sends 100 a
    request, and joins the answers in their order; a repeated one is worked once.

    `on_answer` is called with every `Answered` as it comes: for progress, or to keep it at once.
    All three raise a `ClientError` if a request as a whole failed, and never because of a ticket:
    that is in the result. Without tickets nothing is sent.
    """

    def __init__(self, caller: AsyncCaller, lanes: int) -> None:
        self._caller = caller
        self._lanes = lanes

    async def unlock(
        self, tokens: Iterable[str], *, on_answer: OnAnswer[Ticket] | None = None
    ) -> AsyncTicketsResult[Ticket]:
        """Clear mpreserve, so that the seats are open to status changes again. One that is unlocked
        already is a success. Source: the contract's section 1.
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
        """Set mpreserve for a listing; of one that this channel has locked, replace the listing.

        `tickets`: tokens, or tickets with their price. `seller` is needed unless `source` is
        `MY_ACCOUNT`. Prices are exact decimals. Source: the contract's section 4.
        """
        form = lock(source, external_listing_id, total_price, seller)
        return await AsyncVerb(self._caller, form, self._lanes).ask(tickets, on_answer)

    @overload
    async def verify(
        self, tokens: Iterable[str], *, on_answer: OnAnswer[VerifiedTicket] | None = None
    ) -> AsyncTicketsResult[VerifiedTicket]:
        """By token."""

    @overload
    async def verify(
        self,
        *,
        barcodes: Iterable[str],
        access_id: str,
        on_answer: OnAnswer[VerifiedTicket] | None = None,
    ) -> AsyncTicketsResult[VerifiedTicket]:
        """By barcode within an event."""

    async def verify(
        self,
        tokens: Iterable[str] | None = None,
        *,
        barcodes: Iterable[str] | None = None,
        access_id: str | None = None,
        on_answer: OnAnswer[VerifiedTicket] | None = None,
    ) -> AsyncTicketsResult[VerifiedTicket]:
        """How tickets stand: by token, or by barcode within the event `access_id`. A snapshot;
        to know whether a ticket can be locked, lock it. Source: the contract's section 5.

        Raises `InvalidArgument` unless there are either tokens, or barcodes with `access_id`.
        """
        if (tokens is None) == (barcodes is None) or (barcodes is None) != (access_id is None):
            raise InvalidArgumentType("verify", "takes tokens, or barcodes with access_id")
        if barcodes is not None and access_id is not None:
            form = verify_barcodes(access_id)
            return await AsyncVerb(self._caller, form, self._lanes).ask(barcodes, on_answer)
        return await AsyncVerb(self._caller, VERIFY, self._lanes).ask(tokens or (), on_answer)
