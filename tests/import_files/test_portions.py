"""Portions of a CSV file: read as the whole file would be, each by itself."""

from io import BytesIO
from itertools import islice
from pathlib import Path

import pytest

from seatlatch.cli.tickets.file import read_tickets
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.domain.ticket import TicketRecord
from seatlatch.import_files.portions import LINES_MAX, Portion
from seatlatch.operations.import_tickets import Line
from seatlatch.store.importing import BadLine

HEADER = b"token,owner_id,row\n"
ROWS = [
    b"a,o,1\n",
    b"b,o\n",
    b"\n",
    b'c,o,"1, 2"\r\n',
    b"d,o,\xff\n",
    b"1E+05,o,1\n",
    b"e,o,1",
]


def whole(content: bytes) -> list[Line]:
    return list(read_tickets(Path("a.csv"), BytesIO(content), "1001", lambda _: None))


def split(header: bytes, rows: list[bytes], size: int, first: int) -> list[Line]:
    found: list[Line] = []
    for start in range(0, len(rows), size):
        content = header + b"".join(rows[start : start + size])
        found += Portion(content, "1001", first + start).lines()
    return found


def without_advice(lines: list[Line]) -> list[Line]:
    """The advice about spreadsheets names the command's option, or the page's."""
    return [
        (number, one if isinstance(one, TicketRecord) else one._replace(problem=one.problem[:30]))
        for number, one in lines
    ]


@pytest.mark.parametrize("size", range(1, 8))
@pytest.mark.parametrize(
    ("header", "first"),
    [(HEADER, 2), (b"\xef\xbb\xbf" + HEADER, 2), (b"sep=,\n" + HEADER, 3)],
    ids=["plain", "byte order mark", "sep"],
)
def test_portions_are_read_as_the_whole_file(size: int, header: bytes, first: int) -> None:
    found = split(header, ROWS, size, first)
    assert without_advice(found) == without_advice(whole(header + b"".join(ROWS)))
    assert [isinstance(one, BadLine) for _, one in found] == [False, True, False, True, True, False]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_lines_may_end_as_in_old_mac_files(size: int) -> None:
    rows = [b"a,o\r", b"b,o\r", b"c\r"]
    assert split(b"token,owner_id\r", rows, size, 2) == whole(b"token,owner_id\r" + b"".join(rows))


def test_the_beginning_says_what_the_columns_are() -> None:
    portion = Portion(b"sep=;\r\nOwner ID;Token\r\no;t", "1001")
    assert portion.head.header.columns == ["owner_id", "token"]
    assert (portion.head.header.delimiter, portion.head.lines) == (";", 2)
    assert [number for number, _ in portion.lines()] == [3]


def test_a_repeated_token_names_its_first_line() -> None:
    found = list(Portion(HEADER + b"a,o,1\nb,o,1\na,o,2\n", "1001", 101).lines())
    assert found[-1] == (103, BadLine(103, "token", "is already in line 101"))


def test_the_advice_names_the_option_of_the_page() -> None:
    ((_, bad),) = Portion(HEADER + b"1E+05,o,1\n", "1001").lines()
    assert isinstance(bad, BadLine)
    assert "Values as they are" in bad.problem and "--as-is" not in bad.problem
    ((_, record),) = Portion(HEADER + b"1E+05,o,1\n", "1001", as_is=True).lines()
    assert isinstance(record, TicketRecord)


def test_another_header_ends_the_file() -> None:
    portion = Portion(HEADER + b"owner_id,token\no,t\n", "1001")
    assert all(isinstance(one, BadLine) for _, one in portion.lines())
    assert portion.other_columns_follow
    same = Portion(HEADER + HEADER + b"t,o,1\n", "1001")
    assert [isinstance(one, BadLine) for _, one in same.lines()] == [True, False]
    assert not same.other_columns_follow


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "Line 1 of the file is empty"),
        (b"token\nx\n", "has no column owner_id"),
        (b'{"token": "a"}\n', "looks like JSON. Use CSV, or the command"),
        (b"PK\x03\x04 xl/", "is a spreadsheet workbook (.xlsx)"),
        (b"\x1f\x8b\x08", "`gzip -dc FILE | cat > tickets.csv`"),
        (b"x" * 70_000, "is longer than 65536 bytes"),
    ],
)
def test_what_is_no_file_of_tickets_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(NotDone) as raised:
        Portion(content, "1001")
    assert problem in str(raised.value)


def test_a_portion_has_a_limit() -> None:
    lines = Portion(HEADER + b"\n" * (LINES_MAX + 1), "1001").lines()
    with pytest.raises(InvalidRequest, match="at most 2,000 lines"):
        list(lines)
    at_limit = b"".join(b"t%d,o,1\n" % n for n in range(LINES_MAX))
    assert len(list(Portion(HEADER + at_limit, "1001").lines())) == LINES_MAX


def test_reading_can_stop_early() -> None:
    lines = Portion(HEADER + b"a,o,1\n" * 10_000, "1001").lines()
    assert len(list(islice(lines, 10))) == 10
