"""Parsers of the lines of a file of tickets, one for CSV and one for NDJSON.

See decision 133.
"""

import csv
import re
from collections.abc import Iterator
from operator import itemgetter

import msgspec
from msgspec import UNSET, UnsetType

from seatlatch.domain.label import shortened, without_invisible_ends
from seatlatch.domain.record import FIELD_CHARACTERS_MAX, record_problem
from seatlatch.domain.ticket import TicketRecord
from seatlatch.import_files.csv_header import (
    COLUMNS,
    HEADER_STARTS,
    ORGANIZATION,
    Header,
    header_in,
    is_sep_line,
)
from seatlatch.import_files.file_lines import LINE_BYTES_MAX, NumberedLine
from seatlatch.import_files.spreadsheet import spreadsheet_problem
from seatlatch.operations.import_tickets import Line
from seatlatch.store.importing import BadLine

SECOND_HEADER = (
    "is a second header, as if files had been joined:"
    " import each file by itself, or delete this line"
)
AFTER_SECOND_HEADER = "follows a second header with other columns: import each file by itself"
Row = TicketRecord | BadLine | None
"""None = the line is empty."""


class Rows:
    """The checks that both formats share.

    `as_is` accepts values that look changed by a spreadsheet; `as_is_option` is its name for
    people.
    """

    def __init__(self, organization_id: str, *, as_is: bool, as_is_option: str = "--as-is") -> None:
        self._organization_id = organization_id
        self._as_is = as_is
        self._as_is_option = as_is_option

    def _checked(self, number: int, record: TicketRecord, organization: str | None) -> Row:
        if organization and organization != self._organization_id:
            return BadLine(
                number,
                ORGANIZATION,
                f"is {shortened(organization)}, but this import is for the organization"
                f" {shortened(self._organization_id)}",
            )
        problem = record_problem(record)
        return self._undamaged(number, record) if problem is None else BadLine(number, *problem)

    def _undamaged(self, number: int, record: TicketRecord) -> TicketRecord | BadLine:
        problem = None if self._as_is else spreadsheet_problem(record, self._as_is_option)
        return record if problem is None else BadLine(number, *problem)


class CsvRows(Rows):
    """The lines of a CSV file after its header.

    `other_columns_follow`: whether a second header with other columns was found, as if files had
    been joined. All lines after it are bad.
    """

    def __init__(
        self, header: Header, organization_id: str, *, as_is: bool, as_is_option: str = "--as-is"
    ) -> None:
        super().__init__(organization_id, as_is=as_is, as_is_option=as_is_option)
        self._columns, self._delimiter = header
        absent = len(self._columns)  # the index of an empty field that is appended to each line
        self._pick = itemgetter(
            *(
                self._columns.index(name) if name in self._columns else absent
                for name in (*COLUMNS, ORGANIZATION)
            )
        )
        delimiter = re.escape(self._delimiter)
        self._blank_end = re.compile(f"(?:^|{delimiter}) | (?:{delimiter}|$)").search
        self.other_columns_follow = False

    def column_at(self, before: bytes) -> str | None:
        """The column that starts after `before` in a line."""
        index = before.count(self._delimiter.encode())
        return self._columns[index] if index < len(self._columns) else None

    def parse(self, number: int, text: str) -> Row:
        """Parse a line into a record or a problem; None = the line is empty."""
        if not text[:1].isalnum() and self._is_empty(text):
            return None
        if self.other_columns_follow:
            return BadLine(number, None, AFTER_SECOND_HEADER)
        if '"' in text:
            try:
                fields = next(csv.reader((text,), delimiter=self._delimiter, strict=True))
            except csv.Error as error:
                return BadLine(number, None, f"is not CSV: {error}")
        else:
            fields = text.split(self._delimiter)
        if len(fields) != len(self._columns):
            return self._joined(number, text) or self._wrong_width(number, len(fields))
        fields.append("")
        token, owner_id, *rest, organization = self._pick(fields)
        record = TicketRecord(token, self._organization_id, owner_id, *rest)
        if (
            token
            and owner_id
            and not organization
            and len(text) <= FIELD_CHARACTERS_MAX
            and text.isascii()
            and text.isprintable()
            and '"' not in text
            and not (" " in text and self._blank_end(text))
            and token[0] not in HEADER_STARTS
        ):
            return self._undamaged(number, record)  # `record_problem` would find nothing
        return self._joined(number, text) or self._checked(number, record, organization)

    def _is_empty(self, text: str) -> bool:
        return not without_invisible_ends(text.replace(self._delimiter, "").replace('"', ""))

    def _joined(self, number: int, text: str) -> BadLine | None:
        """The problem if a second file starts at this line; None = none does."""
        if is_sep_line(text):
            return BadLine(number, None, "is a second `sep=` line, as if files had been joined")
        header = header_in(text)
        if header is None:
            return None
        self.other_columns_follow = header != (self._columns, self._delimiter)
        return BadLine(number, None, SECOND_HEADER)

    def _wrong_width(self, number: int, fields_count: int) -> BadLine:
        fields_word = "field" if fields_count == 1 else "fields"
        problem = f"has {fields_count} {fields_word}, the header has {len(self._columns)}"
        if fields_count > len(self._columns):
            problem += f": put double quotes around a value that contains {self._delimiter!r}"
        return BadLine(number, None, problem)


class _JsonRecord(msgspec.Struct, forbid_unknown_fields=True):
    """A line of NDJSON, with the names of the columns or of the HTTP call's members."""

    token: str | UnsetType = UNSET
    owner_id: str | UnsetType = UNSET
    ownerId: str | UnsetType = UNSET  # noqa: N815
    access_id: str | UnsetType | None = UNSET
    accessId: str | UnsetType | None = UNSET  # noqa: N815
    organization_id: str | UnsetType | None = UNSET
    organizationId: str | UnsetType | None = UNSET  # noqa: N815
    section: str | None = None
    row: str | None = None
    seat: str | None = None
    barcode: str | None = None


_decode = msgspec.json.Decoder(_JsonRecord).decode
_PATH = re.compile(r"`\$\.(\w+)`")


class JsonRows(Rows):
    """The lines of an NDJSON file."""

    def column_at(self, before: bytes) -> str | None:
        """None: a line that is not UTF-8 is not JSON and has no columns."""
        return None

    def parse(self, number: int, text: str) -> Row:
        """Parse a line into a record or a problem; None = the line is empty."""
        if not text.strip():
            return None
        if text.startswith("\ufeff"):
            return BadLine(
                number, None, "starts with a byte order mark (U+FEFF), as if files had been joined"
            )
        try:
            found = _decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            path = _PATH.search(str(error))
            return BadLine(number, path[1] if path else None, str(error))
        for column, one, other in (
            ("owner_id", found.owner_id, found.ownerId),
            ("access_id", found.access_id, found.accessId),
            (ORGANIZATION, found.organization_id, found.organizationId),
        ):
            if one is not UNSET and other is not UNSET:
                return BadLine(number, column, "is given twice, under two names")
        return self._record(number, found)

    def _record(self, number: int, found: _JsonRecord) -> Row:
        owner_id = found.ownerId if found.owner_id is UNSET else found.owner_id
        if found.token is UNSET:
            return BadLine(number, "token", "is missing")
        if owner_id is UNSET:
            return BadLine(number, "owner_id", "is missing")
        record = TicketRecord(
            found.token,
            self._organization_id,
            owner_id,
            found.access_id or found.accessId or None,
            found.section,
            found.row,
            found.seat,
            found.barcode,
        )
        return self._checked(number, record, found.organization_id or found.organizationId or None)


def parsed(lines: Iterator[NumberedLine], rows: CsvRows | JsonRows) -> Iterator[Line]:
    """The content of each line that is not empty: its record or its problem."""
    for number, line in lines:
        if line is None:
            yield number, BadLine(number, None, f"is longer than {LINE_BYTES_MAX} bytes")
            continue
        try:
            found = rows.parse(number, line.decode())
        except UnicodeDecodeError as error:
            column = rows.column_at(line[: error.start])
            found = BadLine(
                number, column, f"is not UTF-8, at byte {error.start + 1}: save the file as UTF-8"
            )
        if found is not None:
            yield number, found
