"""Reading a file of tickets, line by line in bounded memory: CSV with a header, or NDJSON.

Every line is either a ticket's record, or what is wrong with it and in which column. One line is
one ticket: a quoted field can't go on in the next one.
"""

import csv
from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import msgspec

from seatlatch.domain.record import FIELD_CHARACTERS_MAX, record_problem
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import TicketRecord
from seatlatch.operations.import_tickets import Line
from seatlatch.operations.provision import NotDone
from seatlatch.store.importing import BadLine

LINE_BYTES_MAX = 65_536
"""Of a line without its end."""

PART_BYTES_MAX = LINE_BYTES_MAX + len(b"\r\n")
"""A line is read in parts of so many bytes; one that is not too long is a single part."""

COLUMNS = ("token", "owner_id", "access_id", "section", "row", "seat", "barcode")
REQUIRED = ("token", "owner_id")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

NumberedLine = tuple[int, bytes | None]

Parse = Callable[[int, str], TicketRecord | BadLine | None]
"""From a line's number and text; None = there is nothing in it."""


def read_tickets(
    path: Path, file: BinaryIO, organization_id: str, read: Callable[[int], None]
) -> Iterator[Line]:
    """Each line of `file` with what was found in it. `read` is told how many bytes a line had.

    Which of the two formats it is says the ending of `path`. Raises `InvalidRequest` for another
    one, `NotDone` for a header that is none and for a file that can't be read to its end.
    """
    lines = _lines(path, file, read)
    ending = path.suffix.lower()
    if ending == ".csv":
        columns = _header(path, lines)
        parse: Parse = partial(_csv_record, columns, organization_id, _picker(columns))
    elif ending in (".ndjson", ".jsonl"):
        columns = []
        parse = partial(_json_record, organization_id)
    else:
        raise InvalidRequest(
            f"{path} ends neither in .csv nor in .ndjson. Name it by what is in it."
        )
    return _found(lines, columns, parse)


def _lines(path: Path, file: BinaryIO, read: Callable[[int], None]) -> Iterator[NumberedLine]:
    """Each line with its number, without its end; None for one that is too long.

    That one is told before the rest of it is passed over, for it may have no end. Raises `NotDone`
    if the file can't be read on.
    """
    number = 0
    in_midst = False  # of a line that is too long
    while True:
        try:
            part = file.readline(PART_BYTES_MAX)
        except OSError as error:
            raise NotDone(
                f"Can't read {path} to its end ({error.strerror or error})."
                " Nothing of it was kept; give another file, or look at the disk."
            ) from None
        if not part:
            return
        read(len(part))
        if in_midst:
            in_midst = not part.endswith(b"\n")
            continue
        number += 1
        line = part.rstrip(b"\r\n")
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        if len(part) <= LINE_BYTES_MAX:
            yield number, line
        else:
            in_midst = len(part) == PART_BYTES_MAX and not part.endswith(b"\n")
            yield number, None if in_midst or len(line) > LINE_BYTES_MAX else line


def _found(lines: Iterator[NumberedLine], columns: list[str], parse: Parse) -> Iterator[Line]:
    for number, line in lines:
        if line is None:
            yield number, BadLine(number, None, f"is longer than {LINE_BYTES_MAX} bytes")
            continue
        try:
            found = parse(number, line.decode())
        except UnicodeDecodeError as error:
            before = line[: error.start].count(b",")
            column = columns[before] if before < len(columns) else None
            found = BadLine(number, column, f"is not UTF-8, at byte {error.start + 1}")
        if found is not None:
            yield number, found


def _header(path: Path, lines: Iterator[NumberedLine]) -> list[str]:
    """The columns of a CSV file. Raises `NotDone`."""
    _, line = next(lines, (1, b""))
    columns: list[str] = []
    if line is None:
        wrong: str | None = f"is longer than {LINE_BYTES_MAX} bytes"
    elif not line.strip():
        wrong = "is empty"
    else:
        try:
            columns = [name.strip() for name in next(csv.reader([line.decode()]), [])]
            wrong = _wrong_columns(columns)
        except UnicodeDecodeError:
            wrong = "is not UTF-8. Save the file as UTF-8"
        except csv.Error:
            wrong = "is not CSV"
    if wrong:
        raise NotDone(
            f"The first line of {path} {wrong}."
            f" It must name the columns: {', '.join(COLUMNS)}; all but the first two may be absent."
        )
    return columns


def _wrong_columns(columns: list[str]) -> str | None:
    unknown = [name for name in columns if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in columns]
    if unknown:
        return f"names a column {unknown[0][:50]!r}, which is none of ours"
    if missing:
        return f"has no column {missing[0]}"
    return "names a column twice" if len(set(columns)) < len(columns) else None


def _picker(columns: list[str]) -> Callable[[list[str]], tuple[str, ...]]:
    """Puts a line's fields in the order of `COLUMNS`; what is absent is the last, an empty one."""
    absent = len(columns)
    return itemgetter(*(columns.index(name) if name in columns else absent for name in COLUMNS))


def _csv_record(
    columns: list[str],
    organization_id: str,
    pick: Callable[[list[str]], tuple[str, ...]],
    number: int,
    text: str,
) -> TicketRecord | BadLine | None:
    if not text:
        return None
    if '"' in text:
        try:
            fields = next(csv.reader((text,), strict=True))
        except csv.Error as error:
            return BadLine(number, None, f"is not CSV: {error}")
    else:
        fields = text.split(",")
    if len(fields) != len(columns):
        fields_word = "field" if len(fields) == 1 else "fields"
        return BadLine(
            number, None, f"has {len(fields)} {fields_word}, the header has {len(columns)}"
        )
    fields.append("")
    token, owner_id, *rest = pick(fields)
    record = TicketRecord(token, organization_id, owner_id, *rest)
    if (
        token
        and owner_id
        and " " not in token
        and " " not in owner_id
        and len(text) <= FIELD_CHARACTERS_MAX
        and text.isprintable()  # a space is the only blank that is printable
    ):
        return record  # so that no field can be what `record_problem` looks for
    problem = record_problem(record)
    return record if problem is None else BadLine(number, *problem)


class _JsonRecord(msgspec.Struct, forbid_unknown_fields=True):
    """A line of NDJSON."""

    token: str
    owner_id: str
    access_id: str | None = None
    section: str | None = None
    row: str | None = None
    seat: str | None = None
    barcode: str | None = None


_decode = msgspec.json.Decoder(_JsonRecord).decode


def _json_record(organization_id: str, number: int, text: str) -> TicketRecord | BadLine | None:
    if not text.strip():
        return None
    try:
        found = _decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        return _bad_json(number, str(error))
    record = TicketRecord(
        found.token,
        organization_id,
        found.owner_id,
        found.access_id,
        found.section,
        found.row,
        found.seat,
        found.barcode,
    )
    problem = record_problem(record)
    return record if problem is None else BadLine(number, *problem)


def _bad_json(number: int, message: str) -> BadLine:
    column = next(
        (name for name in COLUMNS if f"`{name}`" in message or f"$.{name}" in message), None
    )
    return BadLine(number, column, message)
