"""GET /operator/v1/tickets/{token}: everything about a ticket, with any token."""

from urllib.parse import quote

import pytest

from seatlatch.domain.label import ends_problem
from tests.cases import all_cases
from tests.http.wire import Wire, message_of
from tests.operator_api.box_office import (
    hold,
    operate,
    override,
    put,
    record,
    release,
    show,
    void,
)
from tests.serving import (
    CHANNEL,
    LOCK,
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    Served,
    add_tickets,
    listed,
)

LISTING = (
    b'{"source":"BROKER","listing":{"externalListingId":"L-1","totalPrice":200.50,'
    b'"tokens":[{"token":"not-listed","individualPrice":100.2500}]},'
    b'"seller":{"lastName":"Do\xc3\xab","firstName":"J","address":{"zip":"01234"}}}'
)
STRANGE = {
    "a slash": "a/b",
    "two slashes": "//",
    "a path": "../../livez",
    "a percent sign": "100%",
    "what looks encoded": "%41",
    "a plus and spaces": "a+b c",
    "a question mark and a hash": "a?b#c",
    "emoji": "🎟️",
    "a word of ours": "status",
    "another word of ours": "void",
    "a line end": "x\ny",
    "a line end at the end": "a\n",
    "a space at the end": "a ",
    "a zero width space at the end": "a\u200b",
    "NUL": "a\0b",
    "the replacement character": "\ufffd",
    "long": "9" * 10_000,
}


def can_hold(served: Served, token: str) -> bool:
    """Whether a ticket of the database can have this token: PostgreSQL can't hold NUL."""
    return served.database.engine == "sqlite" or "\0" not in token


def get(served: Served, target: str) -> tuple[int, bytes]:
    """GET with exactly this path, which no client has normalized."""
    with Wire(served.port) as wire:
        wire.send(
            f"GET /operator/v1/tickets{target} HTTP/1.1\r\nHost: x\r\n"
            "Authorization: Bearer test-operator-key\r\n\r\n".encode("latin-1")
        )
        answer = wire.answer()
    return answer.status, answer.body


def test_a_ticket_is_shown_with_all_members_in_their_order(shared: Served) -> None:
    assert operate(shared, "GET", "/not-listed").content == (
        b'{"token":"not-listed","organizationId":"1001","ownerId":"234567","accessId":null,'
        b'"section":null,"row":null,"seat":null,"barcode":null,"state":"free","voided":false,'
        b'"status":"UNLOCK","hold":null,"mpreserve":false,"channel":null,"listing":null,"version":1,"revision":1}'
    )


def test_a_listing_is_shown_with_exact_prices_and_its_seller(served: Served) -> None:
    assert served.call("PUT", LOCK, LISTING).status_code == 200
    shown = operate(served, "GET", "/not-listed").content
    assert (
        b'"mpreserve":true,"channel":"test-channel","listing":{"source":"BROKER",'
        b'"externalListingId":"L-1","totalPrice":200.50,"individualPrice":100.2500,'
        b'"seller":{"lastName":"Do\xc3\xab","firstName":"J","address":{"zip":"01234"}}}' in shown
    )


def test_a_held_seat_is_shown_with_why(served: Served) -> None:
    hold(served, "not-listed", reason="Rollstuhl — siehe „Notiz“")
    hold_shown = {"reason": "Rollstuhl — siehe „Notiz“", "expiresAt": None}
    assert show(served, "not-listed")["hold"] == hold_shown


def test_tickets_of_every_organization_and_channel_are_shown(shared: Served) -> None:
    assert show(shared, "foreign")["organizationId"] == "2002"
    assert show(shared, "listed-elsewhere")["channel"] == OTHER_CHANNEL
    assert show(shared, "listed-1")["channel"] == CHANNEL
    assert show(shared, "voided")["voided"] is True


@all_cases("token", STRANGE.values(), ids=STRANGE)
def test_a_strange_token_is_shown_percent_encoded(served: Served, token: str) -> None:
    path = "/" + quote(token, safe="")
    status, body = get(served, path)
    assert status == 404
    assert b"There is no such ticket" in body
    if can_hold(served, token):
        add_tickets(served.database, [listed(token)])
        assert get(served, path)[0] == 200
        assert show(served, token)["token"] == token


@all_cases("token", STRANGE.values(), ids=STRANGE)
def test_what_differs_from_a_strange_token_is_unknown(served: Served, token: str) -> None:
    if can_hold(served, token):
        add_tickets(served.database, [listed(token)])
    for other in (token + "\n", token + "/", token[:-1] + "%FF", token[:-1]):
        status, _ = get(served, "/" + quote(other, safe="%"))
        assert status == 404


@all_cases(
    "path", ["/%FF", "/%C3", "/not-listed%ED%A0%80", "/%C0%AF", "/%", "/%4", "/%zz", "/%00", "/.."]
)
def test_what_is_no_text_is_no_ticket(shared: Served, path: str) -> None:
    status, body = get(shared, path)
    assert status == 404
    assert b"There is no such ticket" in body


@all_cases("path", ["/", "/not-listed/", "/a/b", "/not-listed/more", "//not-listed"])
def test_a_path_with_slashes_is_no_route(shared: Served, path: str) -> None:
    status, body = get(shared, path)
    assert status == 404
    assert b"There is nothing at this path" in body


def test_a_token_of_an_unknown_ticket_is_404(shared: Served) -> None:
    message = message_of(operate(shared, "GET", "/unknown"), 404, "NOT_FOUND")
    assert message == "There is no such ticket"


def test_put_tokens_are_shown_as_they_were_put(served: Served) -> None:
    tokens = [
        token
        for token in STRANGE.values()
        if len(token) <= 200 and token.isprintable() and ends_problem(token) is None
    ]
    assert put(served, *map(record, tokens)).status_code == 200
    for token in tokens:
        shown = show(served, token)
        assert (shown["token"], shown["organizationId"]) == (token, ORGANIZATION)
        assert shown["ownerId"] == OWNER


@pytest.mark.parametrize("token", ["a ", "\u00a0a", "a\u200b", "\ufeffa"], ids=ascii)
def test_a_stored_ticket_with_an_invisible_end_stays_reachable(served: Served, token: str) -> None:
    add_tickets(served.database, [listed(token)])
    unlocked = served.unlock(token)
    assert (unlocked.status_code, unlocked.json()["success"][0]["token"]) == (200, token)
    for answer in (
        override(served, token),
        hold(served, token),
        release(served, token),
        void(served, token),
    ):
        assert (answer.status_code, answer.json()["success"][0]["token"]) == (200, token)
    assert show(served, token)["voided"] is True
