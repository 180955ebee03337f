"""Prices, as exact decimals and never as binary floats.

See decision 37.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Self, cast

PRICE_BELOW = 10**12
"""At most 12 digits before the point."""

FINEST_EXPONENT = -4
"""At most 4 digits after the point: some currencies have 3, and shares of a total one more."""

_ZERO, _ONE = Decimal(0), Decimal(1)
_USUAL = ((Decimal("0.01"), -2), (Decimal("0.1"), -1), (_ONE, 0))
"""The quanta of nearly all prices with their exponents, to find the exponent quickly."""

_NUMBERS = (int, Decimal)

REMEMBERED_VALUES = 1_024
"""The tickets of a listing have few different prices, and each check takes a microsecond."""


class Price(Decimal):
    """A price in the marketplace's currency: from 0, with at most 12 digits before the point and
    4 after it. It is made from an `int` or a `Decimal`; text is not a number.

    Zeros at the end are kept: 100.50 stays 100.50. An exponent is written out, and -0 becomes 0.
    Prices that are written alike are usually one object. Raises `ValueError`, whose text does not
    repeat the number.
    Source: the contract's section on the lock call.
    """

    def __new__(cls, number: object) -> Self:
        """Check and normalize `number`."""
        if type(number) not in _NUMBERS:
            raise ValueError("A price must be a number")
        if isinstance(number, int) and not 0 <= number < PRICE_BELOW:
            raise _outside()  # before it is written out, which takes long for many digits
        return cast(Self, _price(str(number)))


@lru_cache(REMEMBERED_VALUES)
def _price(text: str) -> Price:
    exact = Decimal(text)
    # Its digits are counted after its size: an infinity or a NaN has none.
    if (
        not (exact.is_finite() and _ZERO <= exact < PRICE_BELOW)
        or (exponent := _exponent(exact)) < FINEST_EXPONENT
    ):
        raise _outside()
    if exponent > 0:
        exact = exact.quantize(_ONE)
    return Decimal.__new__(Price, exact.copy_abs())


def _outside() -> ValueError:
    return ValueError(
        "A price must be from 0, with at most 12 digits before the point and 4 after it"
    )


def _exponent(exact: Decimal) -> int:
    for quantum, exponent in _USUAL:
        if exact.same_quantum(quantum):
            return exponent
    return cast(int, exact.as_tuple().exponent)
