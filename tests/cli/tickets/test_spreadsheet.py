"""Files from spreadsheets and other systems: accepted if the meaning is clear, else the cause."""

import bz2
import gzip
import lzma
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from seatlatch.cli.tickets.file import FileFormat, read_tickets
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.domain.ticket import TicketRecord
from seatlatch.import_files.file_lines import PART_BYTES_MAX
from seatlatch.operations.import_tickets import Line
from seatlatch.store.importing import BadLine
from tests.cases import all_cases

CSV = Path("season.csv")
NDJSON = Path("season.ndjson")
MARK = b"\xef\xbb\xbf"
HEAD = b"token,owner_id,section\n"
A = TicketRecord("a", "1001", "o", "", "101", "", "", "")
B = TicketRecord("b", "1001", "o", "", "", "", "", "")
BARE = TicketRecord("a", "1001", "o", "E")


def read(path: Path, content: bytes, *, as_is: bool = False) -> list[Line]:
    return list(read_tickets(path, BytesIO(content), "1001", lambda _: None, as_is=as_is))


def found(path: Path, content: bytes) -> list[TicketRecord | BadLine]:
    return [each for _, each in read(path, content)]


def refused(content: bytes, path: Path = CSV) -> str:
    with pytest.raises(NotDone) as refusal:
        read(path, content)
    return str(refusal.value)


ACCEPTED = {
    "semicolons": b"token;owner_id;section\na;o;101\nb;o;\n",
    "tabs": b"token\towner_id\tsection\na\to\t101\nb\to\t\n",
    "quoted, with semicolons": b'"token";"owner_id";"section"\n"a";"o";"101"\n"b";"o";""\n',
    "a line sep=": b"sep=;\ntoken;owner_id;section\na;o;101\nb;o;\n",
    "a byte order mark and a line sep=": MARK + b"sep=,\r\ntoken,owner_id,section\na,o,101\nb,o,\n",
    "a quoted line sep=": b'"sep=;"\ntoken;owner_id;section\na;o;101\nb;o;\n',
    "a line sep= for tabs": b"sep=\t\ntoken\towner_id\tsection\na\to\t101\nb\to\t\n",
    "CR alone": b"token,owner_id,section\ra,o,101\rb,o,\r",
    "CR alone, no end": MARK + b"token,owner_id,section\ra,o,101\r\rb,o,",
    "CR, then CRLF": b"token,owner_id,section\ra,o,101\r\nb,o,\n",
    "CR CR LF": b"token,owner_id,section\r\r\na,o,101\r\r\nb,o,\r\r\n",
    "capitals": b"Token,OWNER_ID,Section\na,o,101\nb,o,\n",
    "words": b"Token,Owner ID,Section\na,o,101\nb,o,\n",
    "the names of the call": b"token,ownerId,section\na,o,101\nb,o,\n",
    "blanks around the names": b" token ,\xc2\xa0ownerId,section \na,o,101\nb,o,\n",
    "the same organization": b"token,owner_id,section,organizationId\na,o,101,1001\nb,o,,\n",
    "empty rows at the end": HEAD + b"a,o,101\nb,o,\n,,\n,,,,,\n   \n \t\n",
    "an empty row in the middle": HEAD + b'a,o,101\n,,\n"","",""\n\nb,o,\n',
}


@all_cases("content", ACCEPTED.values(), ids=ACCEPTED)
def test_a_file_with_one_meaning_is_accepted(content: bytes) -> None:
    assert found(CSV, content) == [A, B]


def test_lines_keep_their_numbers_after_a_sep_line_and_with_cr() -> None:
    numbers = [number for number, _ in read(CSV, b"sep=;\rtoken;owner_id\r\ra;o\r;;\rb;o\r")]
    assert numbers == [4, 6]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n", b"\r\r\n", b"\r\r\r\n"])
def test_a_line_has_the_same_number_whatever_its_end(end: bytes) -> None:
    lines = read(CSV, end.join([b"token,owner_id,access_id", b"a,o,E", b"b ,o,", b""]))
    assert [number for number, _ in lines] == [2, 3]
    bad = lines[1][1]
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.column) == (3, "token")


@pytest.mark.parametrize("name", ["season.tsv", "SEASON.TSV"])
def test_a_name_may_end_in_tsv(name: str) -> None:
    assert found(Path(name), ACCEPTED["tabs"]) == [A, B]


def test_cr_inside_a_line_of_a_file_with_lf_is_a_control_character() -> None:
    problem = "contains a control character, U+000D"
    assert found(CSV, HEAD + b"a\rb,o,1\n") == [BadLine(2, "token", problem)]


@pytest.mark.parametrize("line", [PART_BYTES_MAX - 2, PART_BYTES_MAX - 1, 3 * PART_BYTES_MAX])
def test_a_long_line_of_a_file_with_cr_is_one_line(line: int) -> None:
    content = b"token,owner_id,section\r" + b"x" * line + b"\ra,o,101\r"
    bad, good = read(CSV, content)
    assert (bad[0], isinstance(bad[1], BadLine), good) == (2, True, (3, A))


ANY_CALL = [
    b'{"token":"a","ownerId":"o","accessId":"E"}',
    b'{"token":"a","owner_id":"o","accessId":"E","organizationId":"1001"}',
    b'{"token":"a","ownerId":"o","access_id":"E","organization_id":null}',
]


@pytest.mark.parametrize("line", ANY_CALL)
def test_ndjson_takes_the_names_of_the_call(line: bytes) -> None:
    assert found(NDJSON, line) == [BARE]


@all_cases(
    ("line", "column", "problem"),
    [
        (b'{"token":"a","ownerId":"o","owner_id":"o"}', "owner_id", "is given twice"),
        (b'{"token":"a","owner_id":"o","accessId":"","access_id":"E"}', "access_id", "twice"),
        (b'{"token":"a","ownerId":7}', "ownerId", "Expected `str`, got `int`"),
        (b'{"token":"a","ownerId":""}', "owner_id", "must not be empty"),
        (b'{"token":"a"}', "owner_id", "is missing"),
        (b'{"ownerId":"a"}', "token", "is missing"),
        (b'{"token":"a","ownerId":"o","organizationId":"1002"}', "organization_id", "is '1002'"),
        (b'{"token":"a","ownerId":"o","accessId":"E\\u00a0"}', "access_id", "U+00A0"),
        (b'{"token":"9.89735E+10","ownerId":"o"}', "token", "a spreadsheet's number"),
        (b"\n" + MARK + b'{"token":"a","ownerId":"o"}', None, "byte order mark (U+FEFF)"),
    ],
)
def test_a_bad_line_of_ndjson_names_its_cause(
    line: bytes, column: str | None, problem: str
) -> None:
    (bad,) = found(NDJSON, line)
    assert isinstance(bad, BadLine)
    assert (bad.column, problem in bad.problem) == (column, True), bad


def test_another_organization_in_a_csv_line_is_named() -> None:
    problem = "is '1002', but this import is for the organization '1001'"
    content = b"token,owner_id,organization_id\na,o,1002\n"
    assert found(CSV, content) == [BadLine(2, "organization_id", problem)]


DAMAGED = [
    "9.89735E+10",
    "9,89735E+10",
    "1E+05",
    "9.8e-7",
    "9.89735E10",
    "98973476444.0",
    "98973476444,00",
    "98,973,476,444",
    "98.973.476.444",
    "98 973 476 444",
    "98\u00a0973\u00a0476\u00a0444",
    "-1\u202f973\u202f476",
    '="0098"',
    "=0098",
    "'0098",
]
FIELDS = ["token", "owner_id", "access_id", "barcode"]


@all_cases("field", FIELDS)
@all_cases("value", DAMAGED)
def test_a_number_of_a_spreadsheet_is_refused_unless_as_is(field: str, value: str) -> None:
    record = TicketRecord("t", "1001", "o", "", "", "", "", "")._replace(**{field: value})
    content = (
        b"token\towner_id\taccess_id\tbarcode\n"
        + "\t".join(
            '"{}"'.format(getattr(record, name).replace('"', '""')) for name in FIELDS
        ).encode()
    )
    ((number, bad),) = read(CSV, content)
    assert isinstance(bad, BadLine)
    assert (number, bad.line, bad.column) == (2, 2, field)
    assert bad.problem.startswith(f"looks like a spreadsheet's number, {value!r}: ")
    assert bad.problem.endswith("with --as-is")
    assert read(CSV, content, as_is=True) == [(2, record)]


@pytest.mark.parametrize("value", ["#N/A", "#REF!", "########"])
def test_an_error_of_a_spreadsheet_is_refused(value: str) -> None:
    (bad,) = found(CSV, HEAD + f"{value},o,1\n".encode())
    assert isinstance(bad, BadLine)
    assert bad.problem.startswith(f"looks like a spreadsheet's error, '{value}': ")


@all_cases(
    "token",
    [
        *("1E5", "98973476444", "12.5", "GAME-1", "E+1", "O'Neil", "a=", "#1", "1.0.0", "-1", "'s"),
        *("201.101", "201 101", "1.201 101", "201.101.1", "1001.201.101", "201-101-101"),
    ],
)
def test_what_only_resembles_a_number_is_accepted(token: str) -> None:
    ((_, record),) = read(CSV, HEAD + f"{token},o,1\n".encode())
    assert isinstance(record, TicketRecord)
    assert record.token == token


def test_seats_may_look_like_numbers() -> None:
    assert isinstance(found(CSV, HEAD + b"a,o,101.0\n")[0], TicketRecord)


SECOND = "is a second header, as if files had been joined"


@pytest.mark.parametrize(
    "second",
    [HEAD, MARK + HEAD, b"Token,OwnerId,SECTION\n", b'"token","owner_id","section"\n'],
)
def test_a_second_header_is_named_and_what_follows_is_read(second: bytes) -> None:
    first, bad, last = found(CSV, HEAD + b"a,o,101\n" + second + b"b,o,\n")
    assert (first, last) == (A, B)
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.column, bad.problem.startswith(SECOND)) == (3, None, True), bad


@pytest.mark.parametrize(
    "second", [b"owner_id,token,section\n", b"token;owner_id;section\n", b"token,owner_id\n"]
)
def test_nothing_is_read_after_a_second_header_with_other_columns(second: bytes) -> None:
    lines = read(CSV, HEAD + b"a,o,101\n" + second + b"b,o,1\nc,o,1\n\n")
    assert lines[0] == (2, A)
    problems = [each.problem for _, each in lines[1:] if isinstance(each, BadLine)]
    assert problems[0].startswith(SECOND)
    assert (
        problems[1:]
        == ["follows a second header with other columns: import each file by itself"] * 2
    )


def test_a_second_sep_line_is_named() -> None:
    bad = found(CSV, b"sep=;\ntoken;owner_id\na;o\nsep=;\ntoken;owner_id\nb;o\n")[1]
    assert bad == BadLine(4, None, "is a second `sep=` line, as if files had been joined")


@pytest.mark.parametrize("token", ["token", "row", "Seat 1", "o", "Token7"])
def test_a_ticket_may_be_called_like_a_column(token: str) -> None:
    assert isinstance(found(CSV, HEAD + f"{token},o,1\n".encode())[0], TicketRecord)


def workbook(*names: str) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet")
    return content.getvalue()


TEXT = HEAD + b"a,o,1\n"
NO_TEXT = {
    "xlsx": (workbook("[Content_Types].xml", "xl/workbook.xml"), "a spreadsheet workbook (.xlsx)"),
    "ods": (workbook("mimetype", "content.xml"), "a spreadsheet workbook (.ods)"),
    "zip": (workbook("season.csv"), "a ZIP archive. Unpack it"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "a spreadsheet workbook (.xls)"),
    "gzip": (gzip.compress(TEXT), "compressed with gzip. Decompress it first"),
    "bzip2": (bz2.compress(TEXT), "compressed with bzip2. Decompress it first"),
    "xz": (lzma.compress(TEXT), "compressed with xz. Decompress it first"),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x00", "compressed with zstd. Decompress it first"),
    "UTF-16": (TEXT.decode().encode("utf-16"), "encoded as UTF-16. Save it as UTF-8"),
    "UTF-16, big end first": (b"\xfe\xff" + TEXT.decode().encode("utf-16-be"), "encoded as UTF-16"),
    "UTF-16 without a mark": (TEXT.decode().encode("utf-16-le"), "encoded as UTF-16"),
    "UTF-16-BE without a mark": (TEXT.decode().encode("utf-16-be"), "encoded as UTF-16"),
    "UTF-32": (TEXT.decode().encode("utf-32"), "encoded as UTF-32"),
    "HTML": (b"\r\n<html><table><tr><td>token</td></tr>", "HTML or XML. Open it in a spreadsheet"),
    "PDF": (b"%PDF-1.7\n", "a PDF document"),
}


@all_cases("path", [CSV, NDJSON, Path("season.xlsx"), Path("season.csv.gz")], ids=str)
@all_cases(("content", "cause"), NO_TEXT.values(), ids=NO_TEXT)
def test_a_file_that_is_no_text_is_named_whatever_it_is_called(
    path: Path, content: bytes, cause: str
) -> None:
    assert refused(content, path).startswith(f"{path} is {cause}")


def test_the_given_format_overrides_the_name() -> None:
    for name in ("season.txt", "season", "season.ndjson", "-"):
        lines = read_tickets(Path(name), BytesIO(TEXT), "1001", lambda _: None, FileFormat.CSV)
        assert [number for number, _ in lines] == [2]


def test_standard_input_needs_a_format() -> None:
    with pytest.raises(
        InvalidRequest, match=r"^Standard input has no file name .* Pass --format csv"
    ):
        read(Path("-"), TEXT)


def test_standard_input_is_named_in_a_refusal() -> None:
    with pytest.raises(NotDone, match=r"^Standard input is compressed with gzip"):
        list(
            read_tickets(
                Path("-"), BytesIO(gzip.compress(TEXT)), "1001", lambda _: None, FileFormat.CSV
            )
        )
    with pytest.raises(NotDone, match=r"^Line 1 of standard input has no column owner_id"):
        list(read_tickets(Path("-"), BytesIO(b"token\n"), "1001", lambda _: None, FileFormat.CSV))
