"""The data of a marketplace's listing, from its lock of a ticket.

See decision 38.
"""

from decimal import Decimal
from typing import Literal, NamedTuple

Source = Literal["MY_ACCOUNT", "INDIVIDUAL", "BROKER"]
"""The kind of seller."""


class Listing(NamedTuple):
    """The listing of a ticket; it exists as long as mpreserve is set. None = not given.

    Prices are exact decimals in the marketplace's currency. `seller` is a JSON object with personal
    data: it is never logged, and only the box office can see it.
    Source: the contract's section on the lock call.
    """

    source: Source | None = None
    external_listing_id: str | None = None
    total_price: Decimal | None = None
    individual_price: Decimal | None = None
    seller: str | None = None
