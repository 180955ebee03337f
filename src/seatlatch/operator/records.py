"""Reading tickets' records from a body: one JSON array, or JSON in lines.

Nothing is changed before all of it was looked at. A large body is looked at in portions, so that
the unlocks of others come in between.
"""

import asyncio
from codecs import BOM_UTF8
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import msgspec
from starlette.requests import Request

from seatlatch.api.body import check_count, decode_json, misshapen, read_body
from seatlatch.api.exchange import Exchange
from seatlatch.api.media import is_ndjson
from seatlatch.api.refusals import MalformedRequest
from seatlatch.domain.record import record_problem
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import TicketRecord
from seatlatch.operator.schemas import RecordBody

PUT_BYTES_MAX = 16 * 1024 * 1024
"""10,000 tickets whose fields are all at their longest come to about 15 MB."""

PUT_TOKENS_MAX = 10_000

PORTION_TOKENS = 500
"""After so many others get their turn, within a few milliseconds."""

MEMBERS = msgspec.structs.fields(RecordBody)

Placed = tuple[str, Any]
"""A decoded record, and where it stands: `$[17]` of an array, or `line 18`."""


async def read_records(request: Request, exchange: Exchange) -> list[TicketRecord]:
    """The tickets' records of a body. Raises `BodyTooLarge`, `MalformedRequest`, `InvalidRequest`.

    A refusal says where the first bad record stands, and which member is wrong.
    """
    body = await read_body(request, exchange, PUT_BYTES_MAX)
    if not body:
        raise MalformedRequest("The body is empty. Send tickets.")
    is_lines = is_ndjson(exchange.headers.get(b"content-type"))
    found = await from_lines(body) if is_lines else from_array(body)
    records = []
    for place, decoded in found:
        records.append(record_of(place, decoded))
        if len(records) % PORTION_TOKENS == 0:
            await asyncio.sleep(0)
    if not records:
        raise InvalidRequest("The body holds no tickets. Send 1 or more.")
    check_count(records, PUT_TOKENS_MAX)
    return records


def from_array(body: bytes) -> Iterable[Placed]:
    """The records of an array. Raises `MalformedRequest`, or `InvalidRequest` if it is none."""
    decoded = decode_json(body)
    if not isinstance(decoded, list):
        raise misshapen("Expected an `array` of tickets")
    return ((f"$[{index}]", entry) for index, entry in enumerate(decoded))


async def from_lines(body: bytes) -> Iterable[Placed]:
    """The records of lines, without the blank ones. Raises `MalformedRequest`.

    A byte order mark before the first is what some editors leave in a file, and means nothing.
    All lines are decoded, but no more of them are kept than tell that they are too many.
    """
    found: list[Placed] = []
    for number, line in enumerate(BytesIO(body.removeprefix(BOM_UTF8)), 1):
        if line.strip(b" \t\r\n"):
            place = f"line {number}"
            decoded = decode_json(line, f"The body's {place}")
            if len(found) <= PUT_TOKENS_MAX:
                found.append((place, decoded))
        if number % PORTION_TOKENS == 0:
            await asyncio.sleep(0)
    return found


def record_of(place: str, decoded: Any) -> TicketRecord:
    """The record that stands there. Raises `InvalidRequest`."""
    try:
        body = msgspec.convert(decoded, RecordBody)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The ticket at {place} has the wrong shape: {error}.") from None
    record = TicketRecord(*msgspec.structs.astuple(body))
    problem = record_problem(record)
    if problem is not None:
        field, what = problem
        member = next(known.encode_name for known in MEMBERS if known.name == field)
        raise InvalidRequest(f"The ticket at {place}: {member} {what}.")
    return record
