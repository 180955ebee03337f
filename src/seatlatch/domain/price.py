"""What a price is: money, as an exact decimal and never as a binary float."""

from decimal import Decimal
from typing import Self, cast

PRICE_BELOW = Decimal(10**12)
"""At most 12 digits before the point."""

PRICE_STEP = Decimal("0.0001")
"""At most 4 digits after the point: some currencies have 3, and shares of a total one more."""

_ONE = Decimal(1)


class Price(Decimal):
    """A price in the marketplace's currency: from 0, with at most 12 digits before the point and
    4 after it. Made of an `int` or a `Decimal`; anything else, and text above all, is no number.

    Zeros at the end are kept: 100.50 stays so. What was written with an exponent is written out,
    and -0 is 0. Raises `ValueError`, which doesn't repeat the number.
    Source: the contract's section on the lock call.
    """

    def __new__(cls, number: object) -> Self:
        """Check and straighten `number`."""
        if not isinstance(number, int | Decimal) or isinstance(number, bool):
            raise ValueError("A price must be a number")
        exact = Decimal(number)
        if not exact.is_finite() or not 0 <= exact < PRICE_BELOW or _is_finer(exact):
            raise ValueError(
                "A price must be from 0, with at most 12 digits before the point and 4 after it"
            )
        if _exponent(exact) > 0:
            exact = exact.quantize(_ONE)
        return super().__new__(cls, exact.copy_abs())


def _is_finer(number: Decimal) -> bool:
    return _exponent(number) < _exponent(PRICE_STEP)


def _exponent(number: Decimal) -> int:
    """The power of ten of its last digit, zeros at the end included."""
    return cast(int, number.as_tuple().exponent)  # only infinities have letters for it
