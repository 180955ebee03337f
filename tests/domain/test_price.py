"""The valid prices, to the last digit."""

from decimal import Decimal

import pytest

from seatlatch.domain.price import Price
from tests.cases import all_cases

ACCEPTED = {
    "0": "0",
    "-0": "0",
    "-0.00": "0.00",
    "0E+400": "0",
    "100.50": "100.50",
    "0.0001": "0.0001",
    "1E+2": "100",
    "1.5E+2": "150",
    "25E-1": "2.5",
    "999999999999.9999": "999999999999.9999",
    "9.9E+11": "990000000000",
}
REFUSED = [
    *["-1", "-0.5", "-0.0001", "0.00001", "100.00000", "1E-5", "0E-400"],
    *["1000000000000", "1E+12", "1E+400", "9" * 30, "Infinity", "-Infinity", "NaN", "sNaN"],
    *["1E+999999999999999999", "1E-999999999999999999", "0E-999999999999999999"],
]


@all_cases(("number", "written"), ACCEPTED.items())
def test_a_price_is_kept_as_it_was_written(number: str, written: str) -> None:
    price = Price(Decimal(number))
    assert str(price) == format(price, "f") == written
    assert price == Decimal(number)


@all_cases("number", REFUSED)
def test_an_invalid_price_is_refused_and_not_repeated(number: str) -> None:
    with pytest.raises(ValueError, match="price") as refused:
        Price(Decimal(number))
    assert number not in str(refused.value).split()


@pytest.mark.parametrize("number", [0, 1, 10**12 - 1])
def test_a_whole_number_is_a_price(number: int) -> None:
    assert str(Price(number)) == str(number)


@all_cases("number", [-1, 10**12, 10**4000, True, False, 1.5, "12.50", b"1", [1]])
def test_a_number_outside_the_limits_or_no_number_is_refused(number: object) -> None:
    with pytest.raises(ValueError, match="price"):
        Price(number)
