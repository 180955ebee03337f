"""Reads a file of tickets line by line, in bounded memory: CSV with a header, or NDJSON.

Each line yields a ticket's record, or a problem with its column. A line is one ticket, so a quoted
field can't contain a line end.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.import_files.csv_header import read_header
from seatlatch.import_files.file_lines import NumberedLine, TextSource, not_text_problem
from seatlatch.import_files.rows import CsvRows, JsonRows, parsed
from seatlatch.operations.import_tickets import Line

STANDARD_INPUT = Path("-")
READER = "seatlatch tickets import - --format csv --org ORG_ID"
"""A command that reads standard input, for the message about a compressed file."""


class FileFormat(StrEnum):
    """The format of a file of tickets."""

    CSV = "csv"
    NDJSON = "ndjson"


FORMATS = {
    ".csv": FileFormat.CSV,
    ".tsv": FileFormat.CSV,
    ".ndjson": FileFormat.NDJSON,
    ".jsonl": FileFormat.NDJSON,
}
"""The format for each file extension."""


def open_file(path: Path, file_format: FileFormat | None) -> AbstractContextManager[BinaryIO]:
    """A file, or standard input, to be read. Raises `InvalidRequest`."""
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise InvalidRequest("Standard input is closed. Use the path of a file.")
        if file_format is None:
            format_of(path)
        return nullcontext(sys.stdin.buffer)
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidRequest(
            f"Can't read {path} ({error.strerror}). Use the path of a readable file."
        ) from None


def read_tickets(
    path: Path,
    file: BinaryIO,
    organization_id: str,
    read: Callable[[int], None],
    file_format: FileFormat | None = None,
    *,
    as_is: bool = False,
) -> Iterator[Line]:
    """Yield the content of each line of `file`. `read` gets the size in bytes of each part.

    The extension of `path` decides the format unless `file_format` is given. `as_is` accepts values
    that look changed by a spreadsheet. Raises `InvalidRequest` if the format is unknown, `NotDone`
    for a binary file, a wrong header and a file that can't be read to its end.
    """
    name, lines = text_lines(path, file, READER, read)
    rows: CsvRows | JsonRows
    if (file_format or format_of(path)) is FileFormat.CSV:
        rows = CsvRows(read_header(name, lines), organization_id, as_is=as_is)
    else:
        rows = JsonRows(organization_id, as_is=as_is)
    return parsed(lines, rows)


def text_lines(
    path: Path, file: BinaryIO, reader: str, read: Callable[[int], None]
) -> tuple[str, Iterator[NumberedLine]]:
    """The name of a file for messages, and its lines. `reader`: a command that reads standard
    input. Raises `NotDone` for a file that is not text.
    """
    name = "standard input" if path == STANDARD_INPUT else str(path)
    source = TextSource(name, file)
    if problem := not_text_problem(source.head, reader):
        raise NotDone(f"{'Standard input' if path == STANDARD_INPUT else path} {problem}")
    return name, source.lines(read)


def format_of(path: Path) -> FileFormat:
    """The format of a file, from its name. Raises `InvalidRequest`."""
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        problem = (
            "Standard input has no file name that shows its format."
            if path == STANDARD_INPUT
            else f"{path} ends neither in .csv nor in .ndjson."
        )
        raise InvalidRequest(f"{problem} Pass --format csv or --format ndjson.")
    return found
