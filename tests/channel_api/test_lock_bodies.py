"""A lock's body, member by member: which ones are refused, with the member and the place."""

import json
from decimal import Decimal

import pytest

from tests.cases import all_cases
from tests.channel_api.listings import NOTHING, SELLER, compact, kept, lock_json
from tests.databases import ON_SQLITE
from tests.http.wire import message_of
from tests.serving import CHANNEL, LOCK, Served

LISTING = '"listing":{"tokens":[{"token":"not-listed"}]}'
SOURCE = '"source":"MY_ACCOUNT"'


def sold(seller: object, source: str = "MY_ACCOUNT") -> bytes:
    """A lock with this seller."""
    return f'{{"source":"{source}",{LISTING},"seller":{compact(seller)}}}'.encode()


def entry(text: str) -> bytes:
    """A lock whose third entry is this."""
    return lock_json('{"token":"a"},{"token":"b"},' + text)


MISSHAPEN: dict[str, tuple[bytes, list[str]]] = {
    "an array": (b"[]", ["object", "array"]),
    "null": (b"null", ["object", "null"]),
    "empty": (b"{}", ["source", "missing"]),
    "no source": (f"{{{LISTING}}}".encode(), ["source", "missing"]),
    "source null": (lock_json(source="null"), ["$.source"]),
    "source a number": (lock_json(source="7"), ["$.source"]),
    "source unknown": (lock_json(source='"STRANGER"'), ["$.source", "Not one of"]),
    "source in small letters": (lock_json(source='"broker"'), ["$.source", "Not one of"]),
    "no listing": (f"{{{SOURCE}}}".encode(), ["listing", "missing"]),
    "listing null": (f'{{{SOURCE},"listing":null}}'.encode(), ["$.listing", "null"]),
    "listing an array": (f'{{{SOURCE},"listing":[]}}'.encode(), ["$.listing", "array"]),
    "no tokens": (f'{{{SOURCE},"listing":{{}}}}'.encode(), ["tokens", "$.listing"]),
    "no entries": (lock_json(""), ["$.listing.tokens", "length >= 1"]),
    "tokens an object": (
        f'{{{SOURCE},"listing":{{"tokens":{{"token":"a"}}}}}}'.encode(),
        ["$.listing.tokens", "object"],
    ),
    "an entry is a string": (entry('"c"'), ["$.listing.tokens[2]", "str"]),
    "an entry is null": (entry("null"), ["$.listing.tokens[2]", "null"]),
    "an entry without token": (entry('{"tokens":"c"}'), ["$.listing.tokens[2]", "token"]),
    "a token is a number": (entry('{"token":7}'), ["$.listing.tokens[2].token", "int"]),
    "a token is null": (entry('{"token":null}'), ["$.listing.tokens[2].token", "null"]),
    "externalListingId a number": (
        lock_json(more=',"externalListingId":7'),
        ["$.listing.externalListingId", "int"],
    ),
    "externalListingId too long": (
        lock_json(more=f',"externalListingId":"{"x" * 201}"'),
        ["$.listing.externalListingId", "200"],
    ),
    "externalListingId with NUL": (
        lock_json(more=r',"externalListingId":"a\u0000"'),
        ["$.listing.externalListingId", "control"],
    ),
    "INDIVIDUAL without seller": (lock_json(source='"INDIVIDUAL"'), ["$.seller", "INDIVIDUAL"]),
    "BROKER without seller": (lock_json(source='"BROKER"'), ["$.seller", "BROKER"]),
    "BROKER with null": (sold(None, "BROKER"), ["$.seller", "BROKER"]),
    "seller a string": (sold("Jane"), ["$.seller", "str"]),
    "seller empty": (sold({}), ["$.seller", "lastName"]),
    "no firstName": (sold({"lastName": "x"}), ["$.seller", "firstName"]),
    "no lastName": (sold({"firstName": "x"}, "BROKER"), ["$.seller", "lastName"]),
    "lastName empty": (sold({**SELLER, "lastName": ""}), ["$.seller.lastName", ">= 1"]),
    "lastName null": (sold({**SELLER, "lastName": None}), ["$.seller.lastName", "null"]),
    "firstName too long": (sold({**SELLER, "firstName": "x" * 201}), ["$.seller.firstName"]),
    "middleName a number": (sold({**SELLER, "middleName": 7}), ["$.seller.middleName"]),
    "address a string": (sold({**SELLER, "address": "x"}), ["$.seller.address", "str"]),
    "address an array": (sold({**SELLER, "address": []}), ["$.seller.address", "array"]),
    "address too large": (sold({**SELLER, "address": {"x": "y" * 4000}}), ["$.seller", "4000"]),
    "address without bounds": (
        sold({**SELLER, "address": {"x": 7}}).replace(b"7", b"-1e99999999999999999999"),
        ["$.seller.address", "number"],
    ),
}


@ON_SQLITE
@all_cases(("body", "words"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_wrong_shape_is_422_and_says_which_and_where(
    shared: Served, body: bytes, words: list[str]
) -> None:
    json.loads(body)
    message = message_of(shared.call("PUT", LOCK, body), 422, "UNPROCESSABLE_ENTITY")
    assert [word for word in words if word not in message] == []
    assert kept(shared.database, "not-listed") == NOTHING


@ON_SQLITE
@all_cases(
    ("body", "word"),
    [(b"", "empty"), (b"{", "JSON"), (b'{"\xff":1}', "UTF-8"), (lock_json("NaN"), "JSON")],
)
def test_a_body_that_is_no_json_is_400(shared: Served, body: bytes, word: str) -> None:
    assert word in message_of(shared.call("PUT", LOCK, body), 400, "BAD_REQUEST")


@pytest.mark.parametrize("depth", [100, 300, 900, 990, 1900, 5000])
def test_an_address_of_whatever_depth_is_accepted_or_refused(served: Served, depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    source = f'"BROKER","seller":{{"lastName":"D","firstName":"J","address":{deep}}}'
    assert served.call("PUT", LOCK, lock_json(source=source)).status_code in (200, 400, 422)


def test_names_and_ids_up_to_their_bounds_are_accepted(served: Served) -> None:
    seller = dict.fromkeys(("lastName", "firstName", "middleName"), "é" * 200)
    listing_id = "🎟" * 200
    body = {
        "source": "INDIVIDUAL",
        "listing": {"externalListingId": listing_id, "tokens": [{"token": "not-listed"}]},
        "seller": seller,
    }
    assert served.call("PUT", LOCK, body).status_code == 200
    found = kept(served.database, "not-listed")
    assert (found.external_listing_id, found.seller) == (listing_id, compact(seller))


def test_a_word_that_is_no_number_is_a_word(served: Served) -> None:
    seller = {**SELLER, "address": {"city": "Infinity"}}
    assert served.call("PUT", LOCK, sold(seller)).status_code == 200
    assert kept(served.database, "not-listed").seller == compact(seller)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e-400"])
def test_a_number_beyond_a_double_beside_such_a_word_is_a_number(
    served: Served, number: str
) -> None:
    seller = {**SELLER, "address": {"city": "Infinity", "area": 7}}
    assert served.call("PUT", LOCK, sold(seller).replace(b"7", number.encode())).status_code == 200
    found = kept(served.database, "not-listed").seller
    assert found is not None
    address = json.loads(found, parse_float=Decimal)["address"]
    assert address == {"city": "Infinity", "area": Decimal(number)}


def test_unknown_members_are_ignored_everywhere(served: Served) -> None:
    body = lock_json(
        '{"x":1e999,"token":"not-listed","price":-1}',
        ',"currency":"USD"',
        '"MY_ACCOUNT","tokens":[1],"seller":{"lastName":"a","x":{},"firstName":"b"}',
    )
    assert served.call("PUT", LOCK, body).status_code == 200
    assert kept(served.database, "not-listed").channel == CHANNEL


@ON_SQLITE
def test_shape_is_reported_before_the_count(shared: Served) -> None:
    body = lock_json(",".join(['{"token":"a"}'] * 101 + ['{"token":"b","individualPrice":-1}']))
    message = message_of(shared.call("PUT", LOCK, body), 422, "UNPROCESSABLE_ENTITY")
    assert "$.listing.tokens[101].individualPrice" in message
