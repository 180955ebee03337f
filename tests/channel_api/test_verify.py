"""The contract's verify call: tickets as a channel sees them, by token and by barcode."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from seatlatch.logs import make_log
from seatlatch.operations.change_tickets import hold_tickets
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.channel_api.listings import SELLER, THEIRS, lock_body
from tests.channel_api.rows import INVALID_ERROR, LOCKED_ERROR, locked, unknown, voided
from tests.channel_api.test_lock import FAILING
from tests.conftest import EVERY_CASE
from tests.databases import ON_SQLITE, Database, Databases
from tests.http.wire import message_of
from tests.operations.changes import ASKER
from tests.serving import (
    FOREIGN_ORGANIZATION,
    LOCK,
    ORGANIZATION,
    OWNER,
    VERIFY,
    Served,
    add_tickets,
    fill,
    listed,
    serving,
)

GAME = "GAME-7"
IN_ORGANIZATION = NewTicket("", ORGANIZATION, OWNER, access_id=GAME)
SEATED = (
    IN_ORGANIZATION._replace(token="seated", section="101", row="A", seat="1", barcode="B-free"),
    IN_ORGANIZATION._replace(token="mine", barcode="B-mine"),
    IN_ORGANIZATION._replace(token="voided-b", voided=True, barcode="B-voided"),
    IN_ORGANIZATION._replace(token="locked-b", seat_status="LOCK", barcode="B-locked"),
    IN_ORGANIZATION._replace(token="reissued-1", voided=True, barcode="B-twice"),
    IN_ORGANIZATION._replace(token="reissued-2", barcode="B-twice"),
    NewTicket("foreign-b", FOREIGN_ORGANIZATION, OWNER, access_id=GAME, barcode="B-foreign"),
    IN_ORGANIZATION._replace(token="other-game", access_id="GAME-8", barcode="B-game-8"),
)
SEEN = (
    '"accessId":"GAME-7","section":"101","row":"A","seat":"1","status":"UNLOCK","mpreserve":false,'
    '"externalListingId":null,"totalPrice":null,"individualPrice":null,"source":null'
)
BARE = (
    b'"ownerId":"234567","accessId":null,"section":null,"row":null,"seat":null,"status":"UNLOCK",'
)
NO_LISTING = b'"externalListingId":null,"totalPrice":null,"individualPrice":null,"source":null}]}'


@pytest.fixture(scope="module")
def arena(databases: Databases) -> Iterator[Served]:
    """A server with seats and barcodes, and one listing of the channel's own."""
    database = databases.new()
    fill(database, [*EVERY_CASE, *SEATED])
    with serving(database) as running:
        body = lock_body("mine", seller=SELLER, source="BROKER", externalListingId="L-1")
        body["listing"]["totalPrice"] = 120
        body["listing"]["tokens"][0]["individualPrice"] = 60.5
        assert running.call("PUT", LOCK, body).status_code == 200
        yield running


def test_a_free_ticket_is_seen_whole(arena: Served) -> None:
    answer = arena.verify("seated")
    assert answer.status_code == 200
    assert answer.text == f'{{"success":[{{"token":"seated","ownerId":"234567",{SEEN}}}]}}'


def test_the_own_listing_is_seen_but_not_its_seller(arena: Served) -> None:
    assert arena.verify("mine").content == (
        b'{"success":[{"token":"mine","ownerId":"234567","accessId":"GAME-7","section":null,'
        b'"row":null,"seat":null,"status":"UNLOCK","mpreserve":true,"externalListingId":"L-1",'
        b'"totalPrice":120,"individualPrice":60.5,"source":"BROKER"}]}'
    )


def test_what_is_not_known_is_null(arena: Served) -> None:
    for token, mpreserve in ("not-listed", b"false"), ("listed-1", b"true"):
        answer = arena.verify(token)
        row = b'{"token":"%s",%s"mpreserve":%s,' % (token.encode(), BARE, mpreserve)
        assert answer.content == b'{"success":[' + row + NO_LISTING


@all_cases(("token", "reported"), FAILING.items(), ids=FAILING)
def test_what_could_not_be_unlocked_fails_as_it_does_there(
    arena: Served, token: str, reported: tuple[int, bytes, Callable[[str], bytes]]
) -> None:
    status, error, row = reported
    answer = arena.verify(token)
    assert (answer.status_code, answer.content) == (status, error + row(token) + b"]}")
    assert answer.content == arena.unlock(token).content


def test_another_channels_listing_is_never_shown(arena: Served) -> None:
    answer = arena.verify("mine", **THEIRS)
    assert (answer.status_code, answer.content) == (409, LOCKED_ERROR + locked("mine") + b"]}")


def test_results_keep_the_order_and_repeats_are_reported_once(arena: Served) -> None:
    answer = arena.verify("listed-2", "unknown", "seated", "listed-2", "voided", "unknown")
    assert answer.status_code == 207
    assert [row["token"] for row in answer.json()["success"]] == ["listed-2", "seated"]
    failed = unknown("unknown") + b"," + voided("voided")
    assert answer.content.endswith(b'],"failure":[%s]}' % failed)
    assert arena.verify("locked", "unknown").content == (
        INVALID_ERROR + locked("locked") + b"," + unknown("unknown") + b"]}"
    )


def with_barcode(row: bytes, barcode: str, token: str | None = None) -> bytes:
    """The row of a failure for a barcode; `token` of the ticket, if one is seen."""
    named = row if token else row.replace(b'"token":""', b'"token":null')
    return named.removesuffix(b"}") + b',"barcode":"%s"}' % barcode.encode()


def test_a_barcode_is_reported_at_the_end_of_its_row(arena: Served) -> None:
    answer = arena.verify_barcodes(GAME, "B-free", "B-mine", "B-free")
    first, second = answer.json()["success"]
    assert answer.status_code == 200
    assert answer.text.startswith(
        f'{{"success":[{{"token":"seated","ownerId":"234567",{SEEN},"barcode":"B-free"}},'
    )
    assert list(second)[-1] == "barcode"
    assert (first["barcode"], second["barcode"], second["token"]) == ("B-free", "B-mine", "mine")
    assert second["externalListingId"] == "L-1"


@all_cases("barcode", ["B-unknown", "B-foreign", "B-game-8", "", "\0", "b-free"])
def test_a_barcode_without_a_ticket_that_may_be_seen_has_no_token(
    arena: Served, barcode: str
) -> None:
    answer = arena.verify_barcodes(GAME, barcode)
    assert answer.status_code == 422
    (row,) = answer.json()["failure"]
    assert list(row.items()) == [
        ("token", None),
        ("status", None),
        ("appErrorCode", "MS-422"),
        ("developerMessage", "Token is invalid"),
        ("type", "INVALID_TOKEN"),
        ("barcode", barcode),
    ]


def test_a_barcode_of_a_ticket_that_is_barred_names_it(arena: Served) -> None:
    answer = arena.verify_barcodes(GAME, "B-locked", "B-voided", "B-unknown")
    rows = [
        with_barcode(locked("locked-b"), "B-locked", "locked-b"),
        with_barcode(voided("voided-b"), "B-voided", "voided-b"),
        with_barcode(unknown(""), "B-unknown"),
    ]
    assert (answer.status_code, answer.content) == (422, INVALID_ERROR + b",".join(rows) + b"]}")
    answer = arena.verify_barcodes(GAME, "B-locked")
    assert (answer.status_code, answer.content) == (409, LOCKED_ERROR + rows[0] + b"]}")


def test_of_a_reprinted_barcode_the_valid_ticket_counts(arena: Served) -> None:
    (row,) = arena.verify_barcodes(GAME, "B-twice").json()["success"]
    assert row["token"] == "reissued-2"


def test_an_unknown_access_id_knows_no_barcode(arena: Served) -> None:
    for access_id in ("GAME-9", "", "\0", "x" * 10_000):
        assert arena.verify_barcodes(access_id, "B-free").status_code == 422


BODIES = {
    "no tickets": (b"{}", ["tickets", "missing"]),
    "tickets null": (b'{"tickets":null}', ["$.tickets", "null"]),
    "tickets an array": (b'{"tickets":["a"]}', ["$.tickets", "array"]),
    "neither": (b'{"tickets":{}}', ["$.tickets", "tokens", "barcodes"]),
    "accessId alone": (b'{"tickets":{"accessId":"x"}}', ["$.tickets", "tokens"]),
    "both null": (b'{"tickets":{"tokens":null,"barcodes":null}}', ["$.tickets", "tokens"]),
    "both": (b'{"tickets":{"tokens":["a"],"barcodes":["b"],"accessId":"x"}}', ["exclude"]),
    "no accessId": (b'{"tickets":{"barcodes":["b"]}}', ["$.tickets", "accessId"]),
    "accessId null": (b'{"tickets":{"barcodes":["b"],"accessId":null}}', ["accessId"]),
    "accessId a number": (b'{"tickets":{"barcodes":["b"],"accessId":7}}', ["$.tickets.accessId"]),
    "no tokens": (b'{"tickets":{"tokens":[]}}', ["$.tickets.tokens", ">= 1"]),
    "no barcodes": (b'{"tickets":{"barcodes":[],"accessId":"x"}}', ["$.tickets.barcodes", ">= 1"]),
    "a token is a number": (b'{"tickets":{"tokens":["a",7]}}', ["$.tickets.tokens[1]", "int"]),
    "a barcode is null": (
        b'{"tickets":{"barcodes":[null],"accessId":"x"}}',
        ["$.tickets.barcodes[0]", "null"],
    ),
    "tokens beside tickets": (b'{"tokens":["a"]}', ["tickets", "missing"]),
}


@ON_SQLITE
@all_cases(("body", "words"), BODIES.values(), ids=BODIES)
def test_wrong_shape_is_422_and_says_which_and_where(
    arena: Served, body: bytes, words: list[str]
) -> None:
    message = message_of(arena.call("POST", VERIFY, body), 422, "UNPROCESSABLE_ENTITY")
    assert [word for word in words if word not in message] == []


def test_with_tokens_an_access_id_means_nothing(arena: Served) -> None:
    body = {"tickets": {"tokens": ["seated"], "accessId": "GAME-9", "barcodes": None}}
    assert arena.call("POST", VERIFY, body).status_code == 200


def test_from_1_to_100_tokens_or_barcodes(arena: Served) -> None:
    too_many = "The request payload cannot contain more than 100 tokens"
    for count, status in (1, 200), (100, 200), (101, 422):
        tokens, barcodes = ["seated"] * count, ["B-free"] * count
        for answer in (arena.verify(*tokens), arena.verify_barcodes(GAME, *barcodes)):
            assert answer.status_code == status
            if status == 422:
                assert message_of(answer, 422, "UNPROCESSABLE_ENTITY") == too_many


def test_barcodes_are_not_logged_and_tokens_at_debug(
    inventory: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(inventory, log=make_log("json", "debug")) as served:
        served.verify("token-to-see")
        served.verify_barcodes("x", "barcode-to-hide")
        served.call("POST", VERIFY, {"tickets": {"barcodes": ["barcode-to-hide", 7]}})
    log = capfd.readouterr().err
    assert log.count('"event":"request"') == 3
    assert "token-to-see" in log
    assert "barcode-to-hide" not in log


@pytest.mark.parametrize(("seconds", "held"), [(0, True), (50, True), (61, False)])
def test_a_hold_ends_by_itself_for_all_three_calls(
    database: Database, seconds: int, held: bool
) -> None:
    fill(database)
    add_tickets(database, [IN_ORGANIZATION._replace(token="held", barcode="B")])
    database.change(partial(hold_tickets, asker=ASKER, tokens=["held"], reason="move", seconds=60))
    with serving(database, at=datetime.now(UTC) + timedelta(seconds=seconds)) as served:
        answers = [served.verify("held"), served.verify_barcodes(GAME, "B")]
        answers += [served.lock("held"), served.verify("held"), served.unlock("held")]
    assert {answer.status_code for answer in answers} == {409 if held else 200}
    if not held:
        before, _, _, after, _ = (answer.json()["success"][0] for answer in answers)
        assert (before["status"], before["mpreserve"]) == ("UNLOCK", False)
        assert (after["status"], after["mpreserve"]) == ("UNLOCK", True)


def test_a_hold_that_does_not_end_stays(database: Database) -> None:
    fill(database, [listed("listed-1"), IN_ORGANIZATION._replace(token="held")])
    database.change(partial(hold_tickets, asker=ASKER, tokens=["held"], reason="move"))
    with serving(database, at=datetime.now(UTC) + timedelta(seconds=10**9)) as served:
        assert served.verify("held").status_code == 409
        assert served.verify("listed-1").status_code == 200
