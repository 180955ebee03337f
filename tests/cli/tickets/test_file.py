"""Reading a file of tickets: the record of each line, or its fault and place."""

import resource
from io import BytesIO
from pathlib import Path

import pytest

from seatlatch.cli.tickets.file import read_tickets
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.domain.ticket import TicketRecord
from seatlatch.import_files.file_lines import LINE_BYTES_MAX
from seatlatch.operations.import_tickets import Line
from seatlatch.store.importing import BadLine
from tests.cases import all_cases

CSV = Path("season.csv")
NDJSON = Path("season.ndjson")
MEBIBYTE = 1 << 20


def read(path: Path, content: bytes) -> list[Line]:
    return list(read_tickets(path, BytesIO(content), "1001", lambda _: None))


def records(path: Path, content: bytes) -> list[TicketRecord]:
    found = [found for _, found in read(path, content)]
    assert all(isinstance(one, TicketRecord) for one in found), found
    return [one for one in found if isinstance(one, TicketRecord)]


def only_bad(path: Path, content: bytes) -> BadLine:
    (bad,) = [found for _, found in read(path, content) if isinstance(found, BadLine)]
    return bad


def record(token: str, **fields: str) -> TicketRecord:
    empty = dict.fromkeys(("access_id", "section", "row", "seat", "barcode"), "")
    return TicketRecord(token, "1001", "o", **{**empty, **fields})


@pytest.mark.parametrize(
    "content",
    [
        b"token,owner_id,section\na,o,101\nb,o,\n",
        b"\xef\xbb\xbftoken,owner_id,section\na,o,101\nb,o,\n",
        b"token,owner_id,section\r\na,o,101\r\nb,o,\r\n",
        b"token,owner_id,section\na,o,101\n\nb,o,",
        b'token, "owner_id" ,section\n"a",o,"101"\n"b","o",""\n'.replace(
            b' "owner_id" ', b" owner_id "
        ),
        b"section,owner_id,token\n101,o,a\n,o,b\n",
    ],
    ids=["plain", "byte order mark", "CRLF", "blank line, no end", "quotes", "other order"],
)
def test_a_csv_file_is_read_however_it_is_written(content: bytes) -> None:
    assert records(CSV, content) == [record("a", section="101"), record("b")]


def test_quotes_may_hold_commas_and_quotes() -> None:
    content = b'token,owner_id,section\na,o,"Balcony, ""left"""\n'
    assert records(CSV, content) == [record("a", section='Balcony, "left"')]


def test_every_column_has_its_place() -> None:
    content = b"barcode,seat,row,section,access_id,owner_id,token\nB,1,R,S,E,o,a\n"
    expected = TicketRecord("a", "1001", "o", "E", "S", "R", "1", "B")
    assert records(CSV, content) == [expected]
    line = b'{"barcode":"B","seat":"1","row":"R","section":"S","access_id":"E",'
    assert records(NDJSON, line + b'"owner_id":"o","token":"a"}\r\n') == [expected]


def test_what_ndjson_says_nothing_of_is_none() -> None:
    content = b'\xef\xbb\xbf{"token":"a","owner_id":"o"}\n\n{"token":"b","owner_id":"o","row":null}'
    assert records(NDJSON, content) == [
        TicketRecord("a", "1001", "o"),
        TicketRecord("b", "1001", "o"),
    ]


HEAD = b"token,owner_id,section\n"


@all_cases(
    ("line", "column", "problem"),
    [
        (b"a", None, "has 1 field, the header has 3"),
        (
            b"a,o,1,2",
            None,
            "has 4 fields, the header has 3: put double quotes around a value that contains ','",
        ),
        (b",o,1", "token", "must not be empty"),
        (b"a,,1", "owner_id", "must not be empty"),
        (b"a, o,1", "owner_id", "starts with whitespace, U+0020 (SPACE); remove it"),
        (b"   ,o,1", "token", "contains only whitespace, U+0020 (SPACE); remove it"),
        (b"a,o," + b"x" * 201, "section", "is longer than 200 characters"),
        (b"a\tb,o,1", "token", "contains a control character, U+0009"),
        (b"a,o,\x00", "section", "contains a control character, U+0000"),
        (b"a,\xc3,1", "owner_id", "is not UTF-8, at byte 3: save the file as UTF-8"),
        (b"a,o,\xff\xfe", "section", "is not UTF-8, at byte 5: save the file as UTF-8"),
        (b'a,o,"1', None, "is not CSV: unexpected end of data"),
        (b'"a"b,o,1', None, "is not CSV: ',' expected after '\"'"),
        (b"x" * LINE_BYTES_MAX + b"y", None, f"is longer than {LINE_BYTES_MAX} bytes"),
    ],
)
def test_a_bad_csv_line_is_named_with_its_column(line: bytes, column: str, problem: str) -> None:
    content = HEAD + b"a,o,1\n" + line + b"\nb,o,2\n"
    assert only_bad(CSV, content) == BadLine(3, column, problem)
    assert [number for number, _ in read(CSV, content)] == [2, 3, 4]


@all_cases(
    ("line", "column"),
    [
        (b"{", None),
        (b"[]", None),
        (b'{"token":"a"}', "owner_id"),
        (b'{"token":7,"owner_id":"o"}', "token"),
        (b'{"token":"","owner_id":"o"}', "token"),
        (b'{"token":"a","owner_id":"o","seat":1}', "seat"),
        (b'{"token":"a","owner_id":"o","price":1}', None),
        (b'{"token":"a\\u0000","owner_id":"o"}', "token"),
        (b'{"token":"\\ud800","owner_id":"o"}', None),
        (b"[" * 60_000, None),
        (b'{"token":"\xc3","owner_id":"o"}', None),
    ],
)
def test_a_bad_ndjson_line_is_named(line: bytes, column: str | None) -> None:
    content = b'{"token":"b","owner_id":"o"}\n' + line + b'\n{"token":"c","owner_id":"o"}\n'
    bad = only_bad(NDJSON, content)
    assert (bad.line, bad.column) == (2, column)
    assert [number for number, _ in read(NDJSON, content)] == [1, 2, 3]


@all_cases(
    ("header", "problem"),
    [
        (b"token,section\n", "has no column owner_id"),
        (b"a1,o1,101\n", "has an unknown column 'a1'"),
        (b"token,owner_id,price\n", "has an unknown column 'price'"),
        (b"token,owner_id,token\n", "names token twice, as 'token' and 'token'"),
        (b"token|owner_id\n", "has an unknown column 'token|owner_id'"),
        (b"token;owner_id,section\n", "contains a comma and a semicolon. Separate all columns"),
        (b"owner_id,token,ownerId\n", "names owner_id twice, as 'owner_id' and 'ownerId'"),
        (b"token,owner_id,,\n", "has no name for column 3. Delete columns that are empty"),
        (b'{"token":"a","owner_id":"o"}\n', "looks like JSON. If each line is a JSON object, pass"),
        (b"sep=|\ntoken|owner_id\n", "must name a comma, a semicolon or a tab after `sep=`"),
        (b"sep=;\ntoken,owner_id\n", "Line 2 of season.csv has an unknown column"),
        (b"to\0ken,owner_id\n", "contains NUL bytes: the file is binary, not text"),
        (b"\ntoken,owner_id\n", "is empty"),
        (b'"token,owner_id\n', "has an unknown column"),
        (b"x" * (LINE_BYTES_MAX + 1), f"is longer than {LINE_BYTES_MAX} bytes"),
    ],
)
def test_a_wrong_header_is_reported_and_what_it_must_be(header: bytes, problem: str) -> None:
    with pytest.raises(NotDone) as refused:
        read(CSV, header + b"a,o,1\n")
    assert problem in str(refused.value)
    assert "token, owner_id, access_id" in str(refused.value)


def test_an_empty_file_has_no_header() -> None:
    with pytest.raises(NotDone, match="is empty"):
        read(CSV, b"")
    assert read(NDJSON, b"") == []


@pytest.mark.parametrize("name", ["season.txt", "season", "season.csv.gz", ".csv"])
def test_a_file_of_another_ending_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"ends neither in \.csv nor in \.ndjson"):
        read(Path(name), b"token,owner_id\n")


def test_the_ending_may_be_written_large() -> None:
    assert records(Path("SEASON.CSV"), b"token,owner_id\na,o\n") == [record("a")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_a_line_may_be_as_long_as_that(end: bytes) -> None:
    line = b'{"token":"a","owner_id":"o"}'
    padded = line[:-1] + b" " * (LINE_BYTES_MAX - len(line)) + b"}"
    assert records(NDJSON, padded + end) == [TicketRecord("a", "1001", "o")]
    assert only_bad(NDJSON, b" " + padded + end).problem.startswith("is longer")


def test_a_header_that_never_ends_is_refused_at_once() -> None:
    with Path("/dev/zero").open("rb") as endless, pytest.raises(NotDone, match="is longer than"):
        read_tickets(CSV, endless, "1001", lambda _: None)


def test_a_file_that_breaks_off_is_reported() -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 3 * LINE_BYTES_MAX:
                raise OSError(5, "Input/output error")
            return super().read(size)

    found = read_tickets(CSV, Broken(HEAD + b"a,o,1\n" * LINE_BYTES_MAX), "1001", lambda _: None)
    assert next(found) == (2, record("a", section="1"))
    with pytest.raises(NotDone, match=r"Can't read season\.csv to its end \(Input"):
        list(found)


def test_a_line_of_1_gib_is_one_bad_line_and_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "season.csv"
    with path.open("wb") as file:
        file.write(HEAD)
        file.truncate(1024 * MEBIBYTE)
        file.seek(0, 2)
        file.write(b"\na,o,1\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with path.open("rb") as file:
        found = list(read_tickets(path, file, "1001", lambda _: None))
    assert found == [
        (2, BadLine(2, None, f"is longer than {LINE_BYTES_MAX} bytes")),
        (3, record("a", section="1")),
    ]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 16 * 1024, "in kibibytes"
