"""Which page of a listing is asked for, and where the next one begins."""

import binascii
import re
from base64 import b64decode, urlsafe_b64encode
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import TicketRecord
from seatlatch.operator.answers import shown_ticket
from seatlatch.operator.schemas import ListingQuery, Page
from seatlatch.store.interface import Snapshot

Position = tuple[str, str]
"""Access id (none = empty) and token: the order of a listing. A page follows a position."""

WHOLE_NUMBER = re.compile("[0-9]{1,9}")

_position: msgspec.json.Decoder[Position] = msgspec.json.Decoder(tuple[str, str])


def read_query(query: bytes) -> ListingQuery:
    """What a query string asks for. Raises `InvalidRequest`."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest("The query is not UTF-8 in percent-encoding.") from None
    parameters: dict[str, str | int] = dict(pairs)
    if len(parameters) < len(pairs):
        raise InvalidRequest("A parameter of the query was sent twice. Send it once.")
    limit = str(parameters.get("limit", ""))
    if WHOLE_NUMBER.fullmatch(limit):
        parameters["limit"] = int(limit)
    try:
        return msgspec.convert(parameters, ListingQuery)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The query has the wrong shape: {error}.") from None


async def read_page(snapshot: Snapshot, query: ListingQuery) -> Page:
    """The tickets of a page, in order of access id and token. Raises `InvalidRequest`.

    A ticket that stays where it is comes once, whatever is added meanwhile.
    """
    access_id = None if query.access_id is UNSET else query.access_id
    after = None if query.after is UNSET else position_of(query.after)
    if after and access_id not in (None, after[0]):
        raise InvalidRequest("The parameter after is of a listing with another accessId.")
    found = await snapshot.page_of_tickets(query.organization_id, access_id, after, query.limit + 1)
    if not found and await snapshot.unknown_organizations([query.organization_id]):
        raise InvalidRequest("There is no organization of this organizationId.")
    shown = found[: query.limit]
    now = await snapshot.moment()
    tickets = [shown_ticket(whole, now) for whole in shown]
    return Page(tickets, cursor_after(shown[-1].record) if len(found) > len(shown) else None)


def cursor_after(record: TicketRecord) -> str:
    """The position of a ticket, as a text that means nothing to the caller."""
    position = msgspec.json.encode((record.access_id or "", record.token))
    return urlsafe_b64encode(position).rstrip(b"=").decode("ascii")


def position_of(cursor: str) -> Position:
    """The position that a cursor stands for. Raises `InvalidRequest`."""
    try:
        padding = "=" * (-len(cursor) % 4)
        return _position.decode(b64decode(cursor + padding, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError):
        raise InvalidRequest("The parameter after is not the next of a page before.") from None
