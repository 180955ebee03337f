"""Reading tickets' records from a body: one JSON array, or JSON in lines.

Nothing is changed before all of it was looked at. A large body is looked at in portions, so that
the unlocks of others come in between.
"""

import asyncio
from codecs import BOM_UTF8
from collections.abc import Iterator
from io import BytesIO

import msgspec
from starlette.requests import Request

from seatlatch.api.body import check_syntax, check_utf_8, malformed, misshapen, read_body, too_deep
from seatlatch.api.exchange import Exchange
from seatlatch.api.media import is_ndjson
from seatlatch.api.refusals import MalformedRequest
from seatlatch.domain.record import record_problem
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import TicketRecord
from seatlatch.operator.schemas import RecordBody

PUT_TICKETS_MAX = 10_000

PORTION_TOKENS = 500
"""After so many others get their turn, within a few milliseconds."""

MEMBERS = msgspec.structs.fields(RecordBody)

BLANK = b" \t\r\n"

Placed = tuple[str, bytes]
"""Where a record stands, `$[17]` of an array or `line 18`, and its text."""

_array = msgspec.json.Decoder(list[msgspec.Raw])
_record = msgspec.json.Decoder(RecordBody)


async def read_records(request: Request, exchange: Exchange) -> list[TicketRecord]:
    """The tickets' records of a body. Raises `BodyTooLarge`, `MalformedRequest`, `InvalidRequest`.

    A refusal says where the first bad record stands, and which member is wrong.
    """
    body = await read_body(request, exchange)
    if not body:
        raise MalformedRequest("The body is empty. Send tickets.")
    is_lines = is_ndjson(exchange.headers.get(b"content-type"))
    records: list[TicketRecord] = []
    for number, (place, text) in enumerate(lines_of(body) if is_lines else entries_of(body), 1):
        if text.strip(BLANK):
            records.append(record_of(place, text))
        if len(records) > PUT_TICKETS_MAX:
            raise InvalidRequest(f"The body holds more than {PUT_TICKETS_MAX} tickets.")
        if number % PORTION_TOKENS == 0:
            await asyncio.sleep(0)
    if not records:
        raise InvalidRequest("The body holds no tickets. Send 1 or more.")
    return records


def entries_of(body: bytes) -> Iterator[Placed]:
    """The entries of an array. Raises `MalformedRequest`, or `InvalidRequest` if it is none.

    They are only parted here, which is fast; each is decoded in its turn.
    """
    check_utf_8(body)
    check_syntax(body)
    try:
        entries = _array.decode(body)
    except msgspec.ValidationError:
        raise misshapen("Expected an `array` of tickets") from None
    return ((f"$[{index}]", bytes(entry)) for index, entry in enumerate(entries))


def lines_of(body: bytes) -> Iterator[Placed]:
    """The lines of a body. A byte order mark before the first is what some editors leave in a file,
    and means nothing.
    """
    lines = BytesIO(body.removeprefix(BOM_UTF8))
    return ((f"line {number}", line) for number, line in enumerate(lines, 1))


def record_of(place: str, text: bytes) -> TicketRecord:
    """The record that stands there. Raises `MalformedRequest` or `InvalidRequest`."""
    check_utf_8(text, f"The body's {place}")
    try:
        body = _record.decode(text)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The ticket at {place} has the wrong shape: {error}.") from None
    except RecursionError:
        raise too_deep(f"The body's {place}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(text, error, f"The body's {place}") from None
    record = TicketRecord(*msgspec.structs.astuple(body))
    problem = record_problem(record)
    if problem is not None:
        field, what = problem
        member = next(known.encode_name for known in MEMBERS if known.name == field)
        raise InvalidRequest(f"The ticket at {place}: {member} {what}.")
    return record
