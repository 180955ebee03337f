"""The contract's lock call: outcomes, the stored listing, and when it is deleted."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from seatlatch.logs import make_log
from tests.cases import all_cases
from tests.channel_api.listings import (
    NOTHING,
    SELLER,
    THEIRS,
    Kept,
    compact,
    kept,
    lock_body,
    lock_json,
)
from tests.channel_api.rows import INVALID_ERROR, LOCKED_ERROR, locked, success, unknown, voided
from tests.databases import Database
from tests.http.wire import message_of
from tests.serving import CHANNEL, LOCK, OTHER_CHANNEL, Served, serving

WHOLE_BODY = (
    b'{"source":"BROKER","listing":{"externalListingId":"L-1","totalPrice":100.50,"tokens":['
    b'{"token":"not-listed","individualPrice":50.25},{"token":"listed-1"}]},'
    b'"seller":{"lastName":"Doe","firstName":"Jane","middleName":"Q","address":{"city":"Iowa"}}}'
)
WHOLE_SELLER = '{"lastName":"Doe","firstName":"Jane","middleName":"Q","address":{"city":"Iowa"}}'
FAILING = {
    "unknown": (422, INVALID_ERROR, unknown),
    "foreign": (422, INVALID_ERROR, unknown),
    "foreign-voided": (422, INVALID_ERROR, unknown),
    "foreign-locked": (422, INVALID_ERROR, unknown),
    "voided": (422, INVALID_ERROR, voided),
    "voided-and-locked": (422, INVALID_ERROR, voided),
    "locked": (409, LOCKED_ERROR, locked),
    "locked-and-listed": (409, LOCKED_ERROR, locked),
    "listed-elsewhere": (409, LOCKED_ERROR, locked),
}


def put_lock(served: Served, body: Any, **changes: str | None) -> tuple[int, bytes]:
    """Status and body of a lock."""
    answer = served.call("PUT", LOCK, body, **changes)
    return answer.status_code, answer.content


def test_lock_sets_mpreserve_and_keeps_the_listing(served: Served) -> None:
    rows = success("not-listed") + b"," + success("listed-1")
    assert put_lock(served, WHOLE_BODY) == (200, b'{"success":[%s]}' % rows)
    whole = Kept(CHANNEL, "BROKER", "L-1", "100.50", "50.25", WHOLE_SELLER)
    assert kept(served.database, "not-listed") == whole
    assert kept(served.database, "listed-1") == whole._replace(individual_price=None)


def test_a_listing_of_which_nothing_is_said_is_kept_as_that(served: Served) -> None:
    assert served.lock("not-listed").status_code == 200
    assert kept(served.database, "not-listed") == NOTHING._replace(
        channel=CHANNEL, source="MY_ACCOUNT"
    )


def test_null_is_the_same_as_absent(served: Served) -> None:
    body = lock_json(
        '{"token":"not-listed","individualPrice":null}',
        ',"externalListingId":null,"totalPrice":null',
        '"MY_ACCOUNT","seller":null',
    )
    assert put_lock(served, body)[0] == 200
    assert kept(served.database, "not-listed") == NOTHING._replace(
        channel=CHANNEL, source="MY_ACCOUNT"
    )
    seller = {**SELLER, "middleName": None, "address": None}
    assert put_lock(served, lock_body("not-listed", seller=seller))[0] == 200
    assert kept(served.database, "not-listed").seller == compact(SELLER)


@all_cases(("token", "reported"), FAILING.items(), ids=FAILING)
def test_what_may_not_be_locked_fails_as_it_does_to_unlock(
    served: Served, token: str, reported: tuple[int, bytes, Callable[[str], bytes]]
) -> None:
    status, error, row = reported
    before = served.database.mpreserve_of()
    assert put_lock(served, lock_body(token)) == (status, error + row(token) + b"]}")
    assert served.database.mpreserve_of() == before


def test_some_succeeded_is_207_and_each_stands_alone(served: Served) -> None:
    answer = served.lock("unknown", "not-listed", "listed-elsewhere", "listed-1")
    rows = success("not-listed") + b"," + success("listed-1")
    failed = unknown("unknown") + b"," + locked("listed-elsewhere")
    assert answer.status_code == 207
    assert answer.content == b'{"success":[%s],"failure":[%s]}' % (rows, failed)
    assert kept(served.database, "not-listed").channel == CHANNEL
    assert kept(served.database, "listed-elsewhere").channel == OTHER_CHANNEL


def test_locked_by_this_channel_already_is_a_success_and_updates_the_listing(
    served: Served,
) -> None:
    assert put_lock(served, WHOLE_BODY)[0] == 200
    again = lock_json('{"token":"not-listed","individualPrice":7}', ',"externalListingId":"L-2"')
    for _ in range(2):
        reported = put_lock(served, again)
        assert reported == (200, b'{"success":[%s]}' % success("not-listed"))
        expected = Kept(CHANNEL, "MY_ACCOUNT", "L-2", None, "7", None)
        assert kept(served.database, "not-listed") == expected
    assert kept(served.database, "listed-1").external_listing_id == "L-1"


def test_another_channels_lock_stays_as_it_is(served: Served) -> None:
    assert put_lock(served, WHOLE_BODY)[0] == 200
    before = kept(served.database, "not-listed")
    answer = served.lock("not-listed", **THEIRS)
    assert (answer.status_code, answer.content) == (
        409,
        LOCKED_ERROR + locked("not-listed") + b"]}",
    )
    assert kept(served.database, "not-listed") == before


def test_unlock_clears_the_listing(served: Served) -> None:
    assert put_lock(served, WHOLE_BODY)[0] == 200
    assert served.unlock("not-listed").status_code == 200
    assert kept(served.database, "not-listed") == NOTHING
    assert kept(served.database, "listed-1").seller == WHOLE_SELLER
    assert served.lock("not-listed", **THEIRS).status_code == 200


def test_of_a_repeated_token_the_first_entry_stands(served: Served) -> None:
    entries = ",".join(
        f'{{"token":"{token}","individualPrice":{price}}}'
        for token, price in [("listed-2", 1), ("not-listed", 2), ("listed-2", 3)]
    )
    rows = success("listed-2") + b"," + success("not-listed")
    assert put_lock(served, lock_json(entries)) == (200, b'{"success":[%s]}' % rows)
    assert kept(served.database, "listed-2").individual_price == "1"


def test_100_entries_are_accepted(served: Served) -> None:
    answer = served.lock("not-listed", *[f"t{number}" for number in range(98)], "not-listed")
    assert answer.status_code == 207
    assert len(answer.json()["failure"]) == 98


@pytest.mark.parametrize("tokens", [["not-listed"] * 101, [f"t{n}" for n in range(101)]])
def test_more_than_100_entries_are_422_and_nothing_changed(
    served: Served, tokens: list[str]
) -> None:
    message = message_of(served.lock(*tokens), 422, "UNPROCESSABLE_ENTITY")
    assert message == "The request payload cannot contain more than 100 tokens"
    assert kept(served.database, "not-listed") == NOTHING


@pytest.mark.parametrize("source", ["INDIVIDUAL", "BROKER", "MY_ACCOUNT"])
def test_a_seller_is_kept_with_the_members_of_the_contract_alone(
    served: Served, source: str
) -> None:
    seller = {
        "address": {"street": "Łódź 1", "lines": [1, None, True, {"x": "é\n"}]},
        "phone": "555-0100",
        "firstName": "Zoë",
        "lastName": "O'Neill",
    }
    assert put_lock(served, lock_body("not-listed", seller=seller, source=source))[0] == 200
    names = ("lastName", "firstName", "address")
    expected = compact({name: seller[name] for name in names})
    assert kept(served.database, "not-listed").seller == expected


def test_numbers_in_an_address_are_kept_as_they_were_written(served: Served) -> None:
    seller = '"MY_ACCOUNT","seller":{"lastName":"D","firstName":"J","address":{"a":1.50,"b":1e400}}'
    assert put_lock(served, lock_json(source=seller))[0] == 200
    text = kept(served.database, "not-listed").seller or ""
    assert '"a":1.50,' in text
    assert json.loads(text, parse_float=str)["address"]["b"] == "1E+400"


def test_a_seller_is_nowhere_but_in_the_database(
    inventory: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    seller = {**SELLER, "middleName": "Midsecret", "address": {"Keysecret": "Streetsecret"}}
    misshapen = [
        {**seller, "lastName": ["Doe-Secret"]},
        {**seller, "middleName": "Midsecret" * 100},
        {**seller, "address": ["Streetsecret"]},
        {**seller, "address": {"Keysecret": "Streetsecret" * 1000}},
        "Doe-Secret",
    ]
    with serving(inventory, log=make_log("json", "debug")) as served:
        reported = [
            put_lock(served, lock_body("not-listed", "unknown", seller=one, source=source))
            for one in (seller, *misshapen)
            for source in ("BROKER", "Doe-Secret")
        ]
        reported += [(0, served.verify("not-listed").content), (0, served.unlock("locked").content)]
    assert [status for status, _ in reported] == [207, *[422] * 11, 0, 0]
    log = capfd.readouterr().err
    assert log.count('"event":"request"') == len(reported)
    words = ["secret", "Secret", "Jane"]
    text = log + "".join(body.decode() for _, body in reported)
    assert [word for word in words if word in text] == []
    assert "not-listed" in log, "tokens are there at debug"
