"""Reads tokens from a file or from standard input: one a line, or a column of CSV or NDJSON."""

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from seatlatch.cli.tickets.file import FORMATS, FileFormat
from seatlatch.domain.label import shortened, without_invisible_ends
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.import_files.csv_header import DELIMITERS, TICKETS, is_sep_line
from seatlatch.import_files.file_lines import PART_BYTES_MAX, not_text_problem

STANDARD_INPUT = "-"
TOKEN = "token"  # noqa: S105 - a column of tickets


class _Line(Struct):
    """A line of NDJSON. Other members are ignored."""

    token: str


_decode = msgspec.json.Decoder(_Line).decode


def tokens_in_file(file: str, reader: str) -> list[str]:
    """The tokens in a file. Raises `InvalidRequest`.

    The column `token` of a file whose name ends in .csv, .tsv, .ndjson or .jsonl, else one token a
    line. Whitespace and invisible characters around a token come from the program that wrote the
    file and are removed. `reader`: see `read_text`.
    """
    text = read_text(file, reader)
    file_format = FORMATS.get(Path(file).suffix.lower())
    if file_format is FileFormat.CSV:
        return _trimmed(_in_csv(file, text))
    if file_format is FileFormat.NDJSON:
        return _trimmed(_in_json_lines(file, text))
    return tokens_in_lines(text)


def tokens_in_lines(text: str) -> list[str]:
    """The tokens in a text, one a line. Empty lines are left out."""
    return _trimmed(text.split("\n"))


def read_text(file: str, reader: str) -> str:
    """Read a file or standard input as text, without a byte order mark. Raises `InvalidRequest`.

    `reader`: a command that reads standard input, for the message about a compressed file.
    """
    try:
        content = _standard_input() if file == STANDARD_INPUT else Path(file).read_bytes()
    except OSError as error:
        raise InvalidRequest(f"Can't read {file} ({error.strerror}).") from None
    name = "Standard input" if file == STANDARD_INPUT else file
    if problem := not_text_problem(content[:PART_BYTES_MAX], reader):
        raise InvalidRequest(f"{name} {problem}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{name} is not UTF-8 at byte {error.start}.") from None


def require_text(values: Sequence[str], what: str = "token") -> None:
    """Raise `InvalidRequest` for a token, or what it is, that is not text.

    Python represents undecodable bytes of the command line as lone surrogates.
    """
    for value in values:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidRequest(
                f"The {what} {shortened(value)} is not text in this terminal's encoding. Use UTF-8."
            ) from None


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise InvalidRequest("Standard input is closed. Use a file of tokens.")
    return sys.stdin.buffer.read()


def _trimmed(tokens: Iterable[str]) -> list[str]:
    return [token for one in tokens if (token := without_invisible_ends(one))]


def _in_csv(file: str, text: str) -> list[str]:
    lines = text.splitlines()
    if lines and is_sep_line(lines[0]):
        del lines[0]
    delimiter = next((one for one in DELIMITERS if lines and one in lines[0]), ",")
    try:
        header, *rows = list(csv.reader(lines, delimiter=delimiter, strict=True)) or [[]]
    except csv.Error as error:
        raise InvalidRequest(f"{file} is not CSV ({error}).") from None
    columns = [TICKETS.of(name) for name in header]
    if columns.count(TOKEN) != 1:
        raise InvalidRequest(
            f"{file} needs one column {TOKEN} in its first line. For a file with one token a line,"
            " use another ending than .csv, such as .txt."
        )
    column = columns.index(TOKEN)
    return [row[column] for row in rows if column < len(row)]


def _in_json_lines(file: str, text: str) -> list[str]:
    tokens = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            tokens.append(_decode(line).token)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            raise InvalidRequest(
                f"Line {number} of {file} is not a JSON object with a text `{TOKEN}`."
            ) from None
    return tokens
