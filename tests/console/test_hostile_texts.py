"""Texts of others on the pages of tickets: in every field they are escaped, and never HTML."""

import json
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import pytest
from markupsafe import escape

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.databases import Database, Databases
from tests.operator_api.box_office import hold, operate, override
from tests.serving import (
    ACCESS_TOKEN,
    API_KEY,
    LOCK,
    Served,
    fill,
    serving,
    valid_headers,
)

MARKUP = "<script>alert(1)</script>\"'&"
KEY = "hostile-key"


def text(name: str) -> str:
    """The hostile text of a field, which differs from that of every other."""
    return f"{name}{MARKUP}"


FIELDS = (
    *("token", "organization", "owner", "event", "section", "row", "seat", "barcode"),
    *("channel", "application", "operator", "reason", "listing", "seller", "name"),
)


class Shown(NamedTuple):
    """Which fields a page shows. `path` below /console."""

    path: str
    fields: frozenset[str]


TICKET = "/tickets/" + quote(text("token"), safe="")
RECORD = frozenset(FIELDS[:8])
PAGES = {
    "ticket": Shown(TICKET, frozenset(FIELDS)),
    "live": Shown(TICKET + "/live", frozenset(FIELDS)),
    "changes": Shown(
        TICKET + "/changes",
        frozenset({"token", "channel", "application", "operator", "reason", "listing"}),
    ),
    "refused": Shown(
        TICKET + "/refused", frozenset({"channel", "application", "operator", "reason"})
    ),
    "find": Shown("/tickets", RECORD - {"barcode"} | {"channel", "listing"}),
    "find by owner": Shown(
        f"/tickets?ownerId={quote(text('owner'), safe='')}", RECORD - {"barcode"}
    ),
    "search": Shown(f"/search?q={quote(text('both'), safe='')}", frozenset({"both"})),
    "nothing": Shown(f"/search?q={quote(text('nothing'), safe='')}", frozenset({"nothing"})),
}


def add_callers(database: Database) -> None:
    """An organization, channel, application and operator with such names."""
    with database.provisioning() as provisioning:
        provisioning.add_organization(text("organization"), "Hostile")
        provisioning.add_channel(text("channel"), "Hostile", [text("organization")])
        provisioning.add_application(text("application"), text("channel"))
        provisioning.add_api_key(text("application"), hash_secret(b"a-key"))
        provisioning.add_access_token(text("application"), hash_secret(b"a-token"))
        provisioning.add_operator(Operator(text("operator"), Role.ADMIN))
        provisioning.add_operator_key(text("operator"), hash_secret(KEY.encode()))


def change(served: Served) -> None:
    """List the ticket, hold it over the listing, and let both fail to change it."""
    listing = {"externalListingId": text("listing"), "tokens": [{"token": text("token")}]}
    seller = {"lastName": text("seller"), "firstName": "x"}
    body = {"source": "BROKER", "listing": listing, "seller": seller}
    headers = valid_headers(
        pac_application_id=text("application"),
        pac_channel_code=text("channel"),
        pac_api_key="a-key",
        authorization="Bearer a-token",
    )
    assert (API_KEY, ACCESS_TOKEN) != ("a-key", "a-token")
    for _ in range(2):
        served.send(LOCK, "PUT", headers, json.dumps(body).encode())
        key = f"Bearer {KEY}"
        reason, token = text("reason"), text("token")
        hold(served, token, reason=reason, authorization=key)
        hold(served, token, reason=reason, authorization=key, overListing=True)
        override(served, token, authorization=key)
    body = {"tokens": [text("token")], "reason": text("reason")}
    assert operate(served, "PUT", "/unlock", body, authorization=f"Bearer {KEY}").status_code == 409
    event = {"organizationId": text("organization"), "accessId": text("event")}
    answer = served.send(
        "/operator/v1/events",
        "PUT",
        {"authorization": f"Bearer {KEY}", "content-type": "application/json"},
        json.dumps([{**event, "itemName": text("name")}]).encode(),
    )
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def console(databases: Databases) -> Iterator[Console]:
    """The console of the operator, with a ticket whose fields are all hostile."""
    database = databases.new()
    fill(database)
    add_callers(database)
    ticket = NewTicket(
        text("token"),
        text("organization"),
        text("owner"),
        text("event"),
        text("section"),
        text("row"),
        text("seat"),
        barcode=text("barcode"),
    )
    both = [
        NewTicket(text("both"), text("organization"), "x"),
        NewTicket("other", text("organization"), text("both")),
    ]
    with database.provisioning() as provisioning:
        provisioning.add_tickets([ticket, *both])
    with serving(database, console="on") as served:
        change(served)
        yield Console(served, KEY)


@all_cases("name", PAGES)
def test_a_text_appears_escaped_and_never_as_html(console: Console, name: str) -> None:
    shown = PAGES[name]
    answer = console.get(f"/console{shown.path}")
    assert answer.status_code == 200, answer.text
    require_escaped(answer.text, shown.fields)


def require_escaped(html: str, fields: frozenset[str]) -> None:
    """Each of these fields is in the HTML as a text, and nowhere is anything of it as markup."""
    assert "<script>alert" not in html
    for field in fields:
        whole = str(escape(text(field)))
        in_json = str(escape(json.dumps(text(field))[1:-1]))
        assert whole in html or in_json in html, field
    # Nothing but the escaped forms, whole or in an address, has any part of the markup.
    for part in (MARKUP, MARKUP[:25], MARKUP[-3:], '</script>"'):
        assert part not in html
    assert "alert(1)</" not in html


ACTIONS = {
    "unlock": {},
    "hold": {"overListing": "true"},
    "release": {},
    "void": {"confirmed": " ".join(map(text, ("section", "row", "seat")))},
}


@all_cases(("action", "fields"), ACTIONS.items())
def test_an_outcome_and_its_commands_are_escaped(
    console: Console, action: str, fields: dict[str, str]
) -> None:
    path = f"/console{TICKET}/{action}"
    answer = console.post(path, reason=text("reason"), **fields)
    assert answer.status_code == 200, answer.text
    require_escaped(answer.text, frozenset({"token"}))


@all_cases("action", ACTIONS)
def test_a_refusal_is_escaped(console: Console, action: str) -> None:
    answer = console.post(
        f"/console{TICKET}/{action}", reason=text("reason") * 20, until=MARKUP, confirmed=MARKUP
    )
    assert answer.status_code == 422
    require_escaped(answer.text, frozenset())


def test_an_address_is_encoded(console: Console) -> None:
    answer = console.get("/console/search", q=text("owner"))
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/console/tickets/{quote(text('token'), safe='')}"
    answer = console.get(f"/console/tickets?section={quote_plus(text('section'))}")
    assert f"section={quote_plus(text('section'))}" in answer.text
