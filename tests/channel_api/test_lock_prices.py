"""Prices on their way in and out: exact decimals, or a refusal that names the member."""

from tests.cases import all_cases
from tests.channel_api.listings import NOTHING, kept, lock_json
from tests.databases import ON_SQLITE
from tests.http.wire import message_of
from tests.serving import LOCK, Served

WRITTEN = {
    "0": "0",
    "-0": "0",
    "-0.0": "0.0",
    "100": "100",
    "1e2": "100",
    "1E+2": "100",
    "1.25e1": "12.5",
    "100.50": "100.50",
    "0.1": "0.1",
    "0.0001": "0.0001",
    "1e-4": "0.0001",
    "12.3000": "12.3000",
    "999999999999.9999": "999999999999.9999",
    "9007199254.7409": "9007199254.7409",
}
"""A price as sent, and as stored and returned."""

REFUSED = [
    *["1e400", "-1", "-0.5", "1e-400", "-1e-4", "0.00001", "1.00000", "1000000000000", "1e12"],
    *["1" * 30, "9" * 4000, "0." + "3" * 30, "1e99999999999999999999", "-1e99999999999999999999"],
    *['"12.50"', '"7"', '""', "true", "false", "[]", "[1]", "{}"],
]
NO_JSON = ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "1e", "0x10", "1,50", "--1"]


@all_cases(("sent", "written"), WRITTEN.items())
def test_a_price_is_kept_and_reported_exactly(served: Served, sent: str, written: str) -> None:
    entry = f'{{"token":"not-listed","individualPrice":{sent}}}'
    answer = served.call("PUT", LOCK, lock_json(entry, f',"totalPrice":{sent}'))
    assert answer.status_code == 200
    found = kept(served.database, "not-listed")
    assert (found.total_price, found.individual_price) == (written, written)
    reported = f'"totalPrice":{written},"individualPrice":{written},"source":"MY_ACCOUNT"}}]}}'
    assert served.verify("not-listed").text.endswith(reported)


@all_cases("sent", REFUSED, ids=lambda sent: sent[:20])
def test_what_is_no_price_is_422_and_names_member_and_entry(shared: Served, sent: str) -> None:
    entries = '{"token":"a"},' * 3 + f'{{"token":"not-listed","individualPrice":{sent}}}'
    for body, where in (
        (lock_json(entries), "at `$.listing.tokens[3].individualPrice`."),
        (lock_json(more=f',"totalPrice":{sent}'), "at `$.listing.totalPrice`."),
    ):
        message = message_of(shared.call("PUT", LOCK, body), 422, "UNPROCESSABLE_ENTITY")
        assert message.endswith(where)
        assert "price must be" in message
    assert kept(shared.database, "not-listed") == NOTHING


@ON_SQLITE
@all_cases("sent", NO_JSON)
def test_what_is_no_number_in_json_is_400(shared: Served, sent: str) -> None:
    body = lock_json(more=f',"totalPrice":{sent}')
    assert "JSON" in message_of(shared.call("PUT", LOCK, body), 400, "BAD_REQUEST")


def test_an_integer_that_nobody_can_read_is_refused(shared: Served) -> None:
    answer = shared.call("PUT", LOCK, lock_json(more=f',"totalPrice":{"9" * 5000}'))
    assert answer.status_code in (400, 422)
