"""Ticket records in a request body: one JSON array, or one JSON object per line.

Nothing is changed before all records have been checked. A large body is checked in portions, so
that the event loop serves other requests in between.
"""

import asyncio
from collections.abc import Iterator
from io import BytesIO
from typing import TypeVar

import msgspec
from starlette.requests import Request

from seatlatch.domain.record import record_problem
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import TicketRecord
from seatlatch.http.body import (
    BodyReader,
    check_syntax,
    check_utf_8,
    malformed,
    misshapen,
    read_body,
    too_deep,
)
from seatlatch.http.negotiation import is_json, is_ndjson
from seatlatch.http.refusals import MalformedRequest
from seatlatch.http.request_context import RequestContext
from seatlatch.operator_api.schemas import RecordBody

PUT_TICKETS_MAX = 10_000

PORTION_TOKENS = 500
"""After this many records, which take a few milliseconds, the event loop serves other requests."""

BLANK = b" \t\r\n"

Shape = TypeVar("Shape")
Placed = tuple[str, bytes]
"""The place of a record, `$[17]` of an array or `line 18`, and its text."""

_array = msgspec.json.Decoder(list[msgspec.Raw])
_record = msgspec.json.Decoder(RecordBody)


class RecordsBody(BodyReader[list[TicketRecord]]):
    """A body of ticket records."""

    media_types = "application/json or application/x-ndjson"

    def accepts(self, content_type: bytes) -> bool:
        """Whether a header Content-Type says JSON or JSON lines."""
        return is_json(content_type) or is_ndjson(content_type)

    async def read(self, request: Request, context: RequestContext) -> list[TicketRecord]:
        """The records. Raises `BodyTooLarge`, `MalformedRequest` or `InvalidRequest`.

        The error names the place of the first bad record, and the member that is wrong.
        """
        body = await read_body(request, context)
        if not body:
            raise MalformedRequest("The body is empty. Send tickets.")
        is_lines = is_ndjson(context.headers.get(b"content-type"))
        records: list[TicketRecord] = []
        entries = lines_of(body) if is_lines else entries_of(body, "tickets")
        for number, (place, text) in enumerate(entries, 1):
            if text.strip(BLANK):
                records.append(record_of(place, text))
            if len(records) > PUT_TICKETS_MAX:
                raise InvalidRequest(f"The body contains more than {PUT_TICKETS_MAX} tickets.")
            if number % PORTION_TOKENS == 0:
                await asyncio.sleep(0)
        if not records:
            raise InvalidRequest("The body contains no tickets. Send 1 or more.")
        return records


def entries_of(body: bytes, content: str) -> Iterator[Placed]:
    """The entries of an array of `content`. Raises `MalformedRequest`, or `InvalidRequest` if it is
    not one.

    This only splits the array, which is fast; each entry is decoded later.
    """
    check_utf_8(body)
    check_syntax(body)
    try:
        entries = _array.decode(body)
    except msgspec.ValidationError:
        raise misshapen(f"Expected an `array` of {content}") from None
    return ((f"$[{index}]", bytes(entry)) for index, entry in enumerate(entries))


def lines_of(body: bytes) -> Iterator[Placed]:
    """The lines of a body."""
    return ((f"line {number}", line) for number, line in enumerate(BytesIO(body), 1))


def record_of(place: str, text: bytes) -> TicketRecord:
    """The record of a text. Raises `MalformedRequest` or `InvalidRequest`."""
    body = decoded(_record, "ticket", place, text)
    record = TicketRecord(*msgspec.structs.astuple(body))
    if problem := record_problem(record):
        raise bad_member(RecordBody, "ticket", place, problem)
    return record


def decoded(decoder: msgspec.json.Decoder[Shape], what: str, place: str, text: bytes) -> Shape:
    """The entry of a text, which is `what`. Raises `MalformedRequest` or `InvalidRequest`."""
    check_utf_8(text, f"The body's {place}")
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The {what} at {place} has the wrong shape: {error}.") from None
    except RecursionError:
        raise too_deep(f"The body's {place}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(text, error, f"The body's {place}") from None


def bad_member(
    shape: type[msgspec.Struct], what: str, place: str, problem: tuple[str, str]
) -> InvalidRequest:
    """The refusal of an entry that has a field with a problem."""
    field, sentence = problem
    fields = msgspec.structs.fields(shape)
    member = next(known.encode_name for known in fields if known.name == field)
    return InvalidRequest(f"The {what} at {place}: {member} {sentence}.")
