"""Reads a CSV file of tickets in portions, each with the header, so that any process can read any.

See decision 184.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.domain.ticket import TicketRecord
from seatlatch.import_files.csv_header import Header, read_header
from seatlatch.import_files.file_lines import NumberedLine, TextSource, not_text_problem
from seatlatch.import_files.rows import CsvRows, parsed
from seatlatch.operations.import_tickets import Line
from seatlatch.store.importing import repeated_token

LINES_MAX = 2_000
"""How many lines a portion may have after its header."""

NAME = "the file"
DECOMPRESSED = "cat > tickets.csv"
"""The command after one that decompresses a file, for the message about compressed files."""

JSON_ADVICE = "Use CSV, or the command `seatlatch tickets import`"
AS_IS = "the option “Values as they are”"


class Head(NamedTuple):
    """The header of a file. `lines`: how many lines it takes, with a line `sep=;` before it."""

    header: Header
    lines: int


class Portion:
    """The header of a file and some of its lines. Raises `NotDone` if it is no file of tickets.

    `first_line`: the number of the first line after the header in the whole file; None = it follows
    the header. `as_is` accepts values that look changed by a spreadsheet.
    """

    def __init__(
        self,
        content: bytes,
        organization_id: str,
        first_line: int | None = None,
        *,
        as_is: bool = False,
    ) -> None:
        if problem := not_text_problem(content, DECOMPRESSED):
            raise NotDone(f"The file {problem}")
        source = TextSource(NAME, BytesIO(content))
        self._read_lines = 0
        self._lines = source.lines(self._count)
        header = read_header(NAME, self._lines, json_advice=JSON_ADVICE)
        self.head = Head(header, self._read_lines)
        self._first_line = self._read_lines + 1 if first_line is None else first_line
        self._rows = CsvRows(header, organization_id, as_is=as_is, as_is_option=AS_IS)

    def _count(self, _size_bytes: int) -> None:
        self._read_lines += 1

    @property
    def other_columns_follow(self) -> bool:
        """Whether a second header with other columns was read. All lines after it are bad."""
        return self._rows.other_columns_follow

    def lines(self) -> Iterator[Line]:
        """Yield the record or the problem of each line that is not empty.

        A token that an earlier line of the portion has is a problem. Raises `InvalidRequest` if
        there are too many lines.
        """
        first_lines: dict[str, int] = {}
        for number, found in parsed(self._numbered(), self._rows):
            if isinstance(found, TicketRecord):
                first = first_lines.setdefault(found.token, number)
                if first != number:
                    yield number, repeated_token(number, first)
                    continue
            yield number, found

    def _numbered(self) -> Iterator[NumberedLine]:
        for place, (_, line) in enumerate(self._lines):
            if place == LINES_MAX:
                raise InvalidRequest(f"A portion has at most {LINES_MAX:,} lines. Send fewer.")
            yield self._first_line + place, line
