"""Reads the header of a CSV file: its delimiter and its columns, under any of their names.

See decisions 58 and 134.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from seatlatch.domain.label import shortened, without_invisible_ends
from seatlatch.domain.refusal import NotDone
from seatlatch.import_files.file_lines import LINE_BYTES_MAX, NumberedLine


class Columns(NamedTuple):
    """The columns that a file can have, first the `required` ones. `others` are not offered."""

    names: tuple[str, ...]
    required: tuple[str, ...]
    others: tuple[str, ...] = ()

    def of(self, spelling: str) -> str | None:
        """The column of a name in a header: `Owner ID` and `ownerId` are `owner_id`."""
        bare = without_invisible_ends(spelling).translate(_SEPARATORS).lower()
        return _spellings(self).get(bare)


COLUMNS = ("token", "owner_id", "access_id", "section", "row", "seat", "barcode")
REQUIRED = ("token", "owner_id")
ORGANIZATION = "organization_id"
"""Optional: `--org` names the organization, and this column is checked against it."""

TICKETS = Columns(COLUMNS, REQUIRED, (ORGANIZATION,))

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}

HEADER_STARTS = frozenset(
    letter for name in (*COLUMNS, ORGANIZATION) for letter in (name[0], name[0].upper())
)
"""The characters that the first name of a header can start with."""

_SEPARATORS = str.maketrans("", "", " _-")
_SEP_LINE = re.compile(r'"?sep=(?P<delimiter>[^"]?)"?[,;\t]*', re.IGNORECASE)


class Header(NamedTuple):
    """The columns of a CSV file in their order, and the delimiter."""

    columns: list[str]
    delimiter: str


class _BadHeader(Exception):
    """The line `number` is no header; `wrong` says why, to follow the line's name in a sentence."""

    def __init__(self, number: int, wrong: str) -> None:
        self.number = number
        self.wrong = wrong


def read_header(
    name: str,
    lines: Iterator[NumberedLine],
    known: Columns = TICKETS,
    json_advice: str = "If each line is a JSON object, pass --format ndjson",
) -> Header:
    """Read the header from `lines`, and a line `sep=;` before it. Raises `NotDone`.

    `json_advice`: what to do with a file of JSON.
    """
    try:
        return _header(lines, known, json_advice)
    except _BadHeader as bad:
        required = "the first" if len(known.required) == 1 else "the first two"
        raise NotDone(
            f"Line {bad.number} of {name} {bad.wrong}. It must name the columns:"
            f" {', '.join(known.names)}; all but {required} may be absent."
        ) from None


def _header(lines: Iterator[NumberedLine], known: Columns, json_advice: str) -> Header:
    number, text = _next_text(lines, 1)
    delimiter: str | None = None
    if is_sep_line(text):
        delimiter = _named_delimiter(text)
        number, text = _next_text(lines, 2)
    if delimiter is None:
        delimiter = _detected_delimiter(number, text)
    try:
        spellings = next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error as error:
        raise _BadHeader(number, f"is not CSV ({error})") from None
    if spellings and spellings[0].lstrip().startswith(("{", "[")):
        raise _BadHeader(number, f"looks like JSON. {json_advice}")
    columns = [known.of(spelling) for spelling in spellings]
    if wrong := _wrong_columns(spellings, columns, known):
        raise _BadHeader(number, wrong)
    return Header([column for column in columns if column is not None], delimiter)


@cache
def _spellings(columns: Columns) -> Mapping[str, str]:
    return {name.replace("_", ""): name for name in (*columns.names, *columns.others)}


def header_in(text: str) -> Header | None:
    """The header in a line, with any delimiter; None = the line is not a header."""
    for delimiter in DELIMITERS:
        names = [TICKETS.of(name.strip('"')) for name in text.split(delimiter)]
        columns = [name for name in names if name is not None]
        if len(columns) == len(names) and all(name in columns for name in REQUIRED):
            return Header(columns, delimiter)
    return None


def is_sep_line(text: str) -> bool:
    """Whether a line is `sep=;`, which declares the delimiter to a spreadsheet."""
    return _SEP_LINE.fullmatch(text.lstrip("\ufeff")) is not None


def _next_text(lines: Iterator[NumberedLine], expected: int) -> tuple[int, str]:
    number, line = next(lines, (expected, b""))
    if line is None:
        raise _BadHeader(number, f"is longer than {LINE_BYTES_MAX} bytes")
    if not line.strip():
        raise _BadHeader(number, "is empty")
    if b"\0" in line:
        raise _BadHeader(number, "contains NUL bytes: the file is binary, not text")
    try:
        return number, line.decode()
    except UnicodeDecodeError:
        raise _BadHeader(number, "is not UTF-8. Save the file as CSV (UTF-8)") from None


def _named_delimiter(text: str) -> str:
    found = _SEP_LINE.fullmatch(text)
    delimiter = found["delimiter"] if found else ""
    if delimiter not in DELIMITERS:
        raise _BadHeader(1, "must name a comma, a semicolon or a tab after `sep=`")
    return delimiter


def _detected_delimiter(number: int, text: str) -> str:
    found = [delimiter for delimiter in DELIMITERS if delimiter in text]
    if len(found) > 1:
        both = " and ".join(DELIMITERS[delimiter] for delimiter in found)
        raise _BadHeader(
            number,
            f"contains {both}. Separate all columns by the same character,"
            " or declare it in a line before, such as `sep=;`",
        )
    return found[0] if found else ","


def _wrong_columns(spellings: list[str], columns: list[str | None], known: Columns) -> str | None:
    first_spellings: dict[str, str] = {}
    for position, (spelling, column) in enumerate(zip(spellings, columns, strict=True), 1):
        if not without_invisible_ends(spelling):
            return f"has no name for column {position}. Delete columns that are empty"
        if column is None:
            return f"has an unknown column {shortened(spelling)}"
        first = first_spellings.setdefault(column, spelling)
        if column in columns[: position - 1]:
            return f"names {column} twice, as {shortened(first)} and {shortened(spelling)}"
    missing = [column for column in known.required if column not in columns]
    return f"has no column {missing[0]}" if missing else None
