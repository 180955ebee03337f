"""The lines of a file of events, CSV or NDJSON: each yields an event or a problem."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from seatlatch.cli.tickets.file import FileFormat, format_of, text_lines
from seatlatch.domain.label import shortened
from seatlatch.domain.performance import REMOVED, TIMESTAMPS, Event, event_problem
from seatlatch.domain.refusal import NotDone
from seatlatch.import_files.csv_header import ORGANIZATION, Columns, Header, read_header
from seatlatch.import_files.file_lines import LINE_BYTES_MAX
from seatlatch.store.importing import BadLine

_, ACCESS_ID, *DETAILS = Event._fields
COLUMNS = Columns((ACCESS_ID, ORGANIZATION, *DETAILS), (ACCESS_ID,))
EVENTS_MAX = 100_000
READER = "seatlatch events import - --format csv --org ORG_ID"

Fields = Mapping[str, str | None]
"""The value of each column that a line has."""

_decode = msgspec.json.Decoder(dict[str, str | None]).decode


def read_events(
    path: Path, file: BinaryIO, organization_id: str | None, file_format: FileFormat | None
) -> tuple[dict[int, Event], list[BadLine]]:
    """The events of a file by the numbers of their lines, and the bad lines.

    `organization_id`: the organization of lines that name none. Raises `InvalidRequest` and
    `NotDone` as `cli.tickets.file.read_tickets` does, and `NotDone` for a file that is too long.
    """
    name, lines = text_lines(path, file, READER, lambda _size_bytes: None)
    parser: _Parser = _JsonLines()
    if (file_format or format_of(path)) is FileFormat.CSV:
        parser = _CsvLines(read_header(name, lines, COLUMNS))
    events: dict[int, Event] = {}
    bad: list[BadLine] = []
    first_lines: dict[tuple[str, str], int] = {}
    for number, line in lines:
        if len(events) + len(bad) == EVENTS_MAX:
            raise NotDone(f"{path} has more than {EVENTS_MAX:,} events. Split the file.")
        try:
            event = _event(parser.parse(_text(line)), organization_id)
        except _Problem as problem:
            bad.append(BadLine(number, problem.column, problem.sentence))
            continue
        if event is None:
            continue
        first = first_lines.setdefault(event.key, number)
        if first != number:
            bad.append(BadLine(number, ACCESS_ID, f"is the same event as in line {first}"))
        events[number] = event
    return events, bad


class _Problem(Exception):
    """The problem with a line. `column` None = no single column is at fault."""

    def __init__(self, column: str | None, sentence: str) -> None:
        self.column = column
        self.sentence = sentence


def _text(line: bytes | None) -> str:
    if line is None:
        raise _Problem(None, f"is longer than {LINE_BYTES_MAX} bytes")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise _Problem(None, f"is not UTF-8, at byte {error.start + 1}") from None


class _Parser(Protocol):
    def parse(self, text: str) -> Fields | None:
        """The fields of a line; None = the line is empty. Raises `_Problem`."""


class _CsvLines:
    def __init__(self, header: Header) -> None:
        self._columns, self._delimiter = header

    def parse(self, text: str) -> Fields | None:
        try:
            fields = next(csv.reader([text], delimiter=self._delimiter, strict=True), [])
        except csv.Error as error:
            raise _Problem(None, f"is not CSV: {error}") from None
        if not any(field.strip() for field in fields):
            return None
        if len(fields) != len(self._columns):
            raise _Problem(
                None,
                f"has {len(fields)} fields, the header has {len(self._columns)}: put double quotes"
                f" around a value that contains {self._delimiter!r}",
            )
        return {name: value or None for name, value in zip(self._columns, fields, strict=True)}


class _JsonLines:
    def parse(self, text: str) -> Fields | None:
        if not text.strip():
            return None
        try:
            members = _decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise _Problem(None, f"is not a JSON object of texts: {error}") from None
        fields: dict[str, str | None] = {}
        for name, value in members.items():
            column = COLUMNS.of(name)
            if column is None:
                raise _Problem(None, f"has an unknown member {shortened(name)}")
            if column in fields:
                raise _Problem(column, "is given twice, under two names")
            # As over HTTP, null removes a time, and leaves every other value.
            fields[column] = REMOVED if value is None and column in TIMESTAMPS else value or None
        return fields


def _event(fields: Fields | None, organization_id: str | None) -> Event | None:
    """The event of a line. Raises `_Problem`."""
    if fields is None:
        return None
    organization = fields.get(ORGANIZATION) or organization_id
    if not organization:
        raise _Problem(ORGANIZATION, "is missing: add it to the line, or pass --org")
    if organization_id not in (None, organization):
        raise _Problem(
            ORGANIZATION,
            f"is {shortened(organization)}, but this import is for the organization"
            f" {shortened(str(organization_id))}",
        )
    details = {name: fields.get(name) for name in DETAILS}
    event = Event(organization, fields.get(ACCESS_ID) or "", **details)
    if problem := event_problem(event):
        raise _Problem(*problem)
    return event
