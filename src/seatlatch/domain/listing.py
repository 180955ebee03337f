"""What a marketplace tells of its listing when it locks a ticket."""

from decimal import Decimal
from typing import Literal, NamedTuple

Source = Literal["MY_ACCOUNT", "INDIVIDUAL", "BROKER"]
"""Who sells."""


class Listing(NamedTuple):
    """Kept with mpreserve and gone with it. None = the marketplace did not say.

    Prices are exact decimals in the marketplace's currency. `seller` is a JSON object with
    personal data: never logged, and shown to nobody but the box office.
    Source: the contract's section on the lock call.
    """

    source: Source | None = None
    external_listing_id: str | None = None
    total_price: Decimal | None = None
    individual_price: Decimal | None = None
    seller: str | None = None
