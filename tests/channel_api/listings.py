"""Helpers of the tests of lock and verify: bodies, callers, and stored listings."""

import json
from typing import Any, NamedTuple

from tests.databases import Database
from tests.serving import (
    ACCESS_TOKEN,
    API_KEY,
    APPLICATION,
    CHANNEL,
    LOCK,
    OTHER_ACCESS_TOKEN,
    OTHER_API_KEY,
    OTHER_APPLICATION,
    OTHER_CHANNEL,
    UNLOCK,
    VERIFY,
)

MINE = {
    "pac_application_id": APPLICATION,
    "pac_api_key": API_KEY,
    "pac_channel_code": CHANNEL,
    "authorization": f"Bearer {ACCESS_TOKEN}",
}
THEIRS = {
    "pac_application_id": OTHER_APPLICATION,
    "pac_api_key": OTHER_API_KEY,
    "pac_channel_code": OTHER_CHANNEL,
    "authorization": f"Bearer {OTHER_ACCESS_TOKEN}",
}
"""The headers of each channel's caller, as changes to the valid ones."""


class Route(NamedTuple):
    """A /v1 ticket call with a body that succeeds."""

    method: str
    path: str
    body: bytes


ROUTES = {
    "unlock": Route("PUT", UNLOCK, b'{"tokens":["not-listed"]}'),
    "lock": Route(
        "PUT", LOCK, b'{"source":"MY_ACCOUNT","listing":{"tokens":[{"token":"not-listed"}]}}'
    ),
    "verify": Route("POST", VERIFY, b'{"tickets":{"tokens":["not-listed"]}}'),
}

SELLER = {"lastName": "Doe-Secret", "firstName": "Jane"}


class Kept(NamedTuple):
    """The stored listing of a ticket."""

    channel: str | None
    source: str | None
    external_listing_id: str | None
    total_price: str | None
    individual_price: str | None
    seller: str | None


LISTING_COLUMNS = (
    "listing_source",
    "external_listing_id",
    "total_price",
    "individual_price",
    "seller",
)
NOTHING = Kept(None, None, None, None, None, None)


def kept(database: Database, token: str) -> Kept:
    """The stored listing of one ticket, read while the server runs."""
    row = database.rows()[token]
    return Kept(row["mpreserve_channel"], *(row[column] for column in LISTING_COLUMNS))


def lock_json(entries: str = '{"token":"not-listed"}', more: str = "", source: str = "") -> bytes:
    """A lock's body as text, so that numbers go out as they are written.

    `more`: members of the listing after `tokens`; `source`: with the members that it needs.
    """
    source = source or '"MY_ACCOUNT"'
    return f'{{"source":{source},"listing":{{"tokens":[{entries}]{more}}}}}'.encode()


def lock_body(*tokens: str, seller: Any = None, source: str = "MY_ACCOUNT", **listing: Any) -> Any:
    """A lock's body; `listing`: more members of it."""
    entries = [{"token": token} for token in tokens]
    body: dict[str, Any] = {"source": source, "listing": {**listing, "tokens": entries}}
    return body if seller is None else {**body, "seller": seller}


def compact(value: Any) -> str:
    """JSON without spaces; strings stay unchanged."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
