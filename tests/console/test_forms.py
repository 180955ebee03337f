"""Forms: from fields to values, and what is refused."""

import pytest
from msgspec import Struct

from seatlatch.console.forms import FIELDS_MAX, read_fields, to_shape
from seatlatch.domain.refusal import InvalidRequest


class Example(Struct, rename="camel"):
    """A form with fields of each kind."""

    name: str
    how_many: int = 1
    is_sure: bool = False
    tokens: list[str] = []
    note: str | None = None


def read(text: str) -> Example:
    return to_shape(read_fields(text.encode(), "The form"), Example)


def test_fields_become_values() -> None:
    text = "name=%C3%A4+b&howMany=12&isSure=true&tokens=1&tokens=2&note=%3Cb%3E"
    assert read(text) == Example("ä b", 12, True, ["1", "2"], "<b>")


def test_an_empty_field_counts_as_absent() -> None:
    assert read("name=a&howMany=&note=&tokens=") == Example("a")


def test_one_value_of_a_list_is_a_list() -> None:
    assert read("name=a&tokens=1").tokens == ["1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The form has the wrong shape: Object missing required field `name`"),
        ("name=", "The form has the wrong shape: Object missing required field `name`"),
        ("name=a&name=b", "The field name was sent twice. Send it once."),
        ("name=a&howMany=x", "The form has the wrong shape: Expected `int`, got `str`"),
        ("name=%FF", "The form is not percent-encoded UTF-8."),
        ("name=a&" + "x=1&" * FIELDS_MAX, f"The form has more than {FIELDS_MAX} fields."),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(text)
    assert refused.value.message.startswith(message)
