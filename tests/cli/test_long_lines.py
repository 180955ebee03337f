"""Lines at the limit, first lines that are no header, and files that can't be read completely."""

from collections.abc import Callable
from io import BytesIO, RawIOBase
from pathlib import Path

import pytest

from seatlatch.cli.tickets.file import read_tickets
from seatlatch.domain.refusal import NotDone
from seatlatch.domain.ticket import TicketRecord
from seatlatch.import_files.file_lines import LINE_BYTES_MAX
from seatlatch.operations.import_tickets import Line
from seatlatch.store.importing import BadLine
from tests.cases import all_cases
from tests.cli.commands import run
from tests.databases import Database
from tests.serving import ORGANIZATION, fill

CSV = Path("season.csv")
NDJSON = Path("season.ndjson")
HEAD = b"token,owner_id,section\n"
MARK = b"\xef\xbb\xbf"
TOO_LONG = f"is longer than {LINE_BYTES_MAX} bytes"
TOO_LONG_FIELD = "is longer than 200 characters"


def read(path: Path, content: bytes) -> list[Line]:
    return list(read_tickets(path, BytesIO(content), "1001", lambda _: None))


def line_of(size_bytes: int) -> bytes:
    return b"a,o," + b"x" * (size_bytes - 4)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["LF", "CRLF", "none"])
def test_a_line_may_have_exactly_so_many_bytes_without_its_end(end: bytes) -> None:
    at_bound = HEAD + line_of(LINE_BYTES_MAX) + end
    assert read(CSV, at_bound) == [(2, BadLine(2, "section", TOO_LONG_FIELD))]
    above = HEAD + line_of(LINE_BYTES_MAX + 1) + end
    assert read(CSV, above) == [(2, BadLine(2, None, TOO_LONG))]


@all_cases("over", [1, 2, 3, LINE_BYTES_MAX, 3 * LINE_BYTES_MAX])
@all_cases("last", [b"x", b"\r", b"\r\r"], ids=["x", "CR", "2 CR"])
def test_an_over_long_line_is_one_line_whatever_is_at_the_cut(over: int, last: bytes) -> None:
    long = b"x" * (LINE_BYTES_MAX + over) + last + b"y\n"
    assert read(CSV, HEAD + long + b"a,o,1\n")[0] == (2, BadLine(2, None, TOO_LONG))
    assert read(CSV, HEAD + long + b"a,o,1\n")[1][0] == 3
    cut = b"x" * LINE_BYTES_MAX + last + b"y\n"
    assert [number for number, _ in read(CSV, HEAD + cut + b"a,o,1\n")] == [2, 3]


@pytest.mark.parametrize("over", range(-3, 4))
def test_a_first_line_with_a_mark_is_cut_in_no_two(over: int) -> None:
    long = MARK + b"x" * (LINE_BYTES_MAX + over) + b"y" * 100 + b"\n"
    found = read(NDJSON, long + b'{"token":"a","owner_id":"o"}\n')
    assert found == [(1, BadLine(1, None, TOO_LONG)), (2, TicketRecord("a", "1001", "o"))]
    with pytest.raises(NotDone, match=TOO_LONG):
        read(CSV, long)


def test_a_header_that_never_ends_is_refused_at_once() -> None:
    with Path("/dev/zero").open("rb") as file, pytest.raises(NotDone, match=TOO_LONG):
        read_tickets(CSV, file, "1001", lambda _: None)


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b" \t \r\n", "is empty"),
        (MARK + b"\r\n", "is empty"),
        (b"token,owner_id,\xe4\n", "is not UTF-8. Save the file as CSV (UTF-8)."),
        (b"token,,owner_id\n", "has no name for column 2"),
    ],
)
def test_what_is_wrong_with_a_first_line_is_said(first: bytes, problem: str) -> None:
    with pytest.raises(NotDone) as refused:
        read(CSV, first)
    assert f"Line 1 of season.csv {problem}" in str(refused.value)
    assert "token, owner_id, access_id" in str(refused.value)


@pytest.mark.parametrize("name", ["SEASON.CSV", "Season.Csv", "S.NDJSON", "s.JsonL"])
def test_an_ending_may_be_in_capitals(name: str) -> None:
    is_csv = name.lower().endswith(".csv")
    content = HEAD + b"a,o,\n" if is_csv else b'{"token":"a","owner_id":"o"}\n'
    ((number, found),) = read(Path(name), content)
    assert (number, isinstance(found, TicketRecord)) == (2 if is_csv else 1, True)


@all_cases(
    ("line", "expected"),
    [
        (b" a,o,1", ("token", "starts with whitespace, U+0020 (SPACE); remove it")),
        (b"a ,o,1", ("token", "ends with whitespace, U+0020 (SPACE); remove it")),
        (
            b"a,\xc2\xa0o,1",
            ("owner_id", "starts with whitespace, U+00A0 (NO-BREAK SPACE); remove it"),
        ),
        (b'a,"o ",1', ("owner_id", "ends with whitespace, U+0020 (SPACE); remove it")),
        (b" ,o,1", ("token", "contains only whitespace, U+0020 (SPACE); remove it")),
        (
            b"a,\xe3\x80\x80,1",
            ("owner_id", "contains only whitespace, U+3000 (IDEOGRAPHIC SPACE); remove it"),
        ),
        (b"a,o, 1", ("section", "starts with whitespace, U+0020 (SPACE); remove it")),
        (b"a,o,1 ", ("section", "ends with whitespace, U+0020 (SPACE); remove it")),
        (
            b"a\xe2\x80\x8b,o,1",
            ("token", "ends with an invisible character, U+200B (ZERO WIDTH SPACE); remove it"),
        ),
    ],
)
def test_blanks_where_a_person_can_not_see_them(line: bytes, expected: tuple[str, str]) -> None:
    assert read(CSV, HEAD + line) == [(2, BadLine(2, *expected))]


def test_blanks_inside_are_kept() -> None:
    content = HEAD + b"a b,o p,1  2\nb,o,1\xc2\xa02\nc,o,1\xe2\x80\x8b2\n"
    sections = [found.section for _, found in read(CSV, content) if isinstance(found, TicketRecord)]
    assert sections == ["1  2", "1\u00a02", "1\u200b2"]


class Failing(RawIOBase):
    """A file that disappears after its first line."""

    def __init__(self, first: bytes) -> None:
        self._first = first

    def read(self, size: int | None = -1, /) -> bytes:
        """The first line, then an error."""
        if not self._first:
            raise OSError(5, "Input/output error")
        first, self._first = self._first, b""
        return first


def broken(_: int) -> None:
    raise BrokenPipeError


def never(_: int) -> None:
    return


def test_a_file_that_goes_away_is_reported() -> None:
    for first in (b"", HEAD):
        with pytest.raises(NotDone, match=r"^Can't read season\.csv to its end \(Input/output err"):
            list(read_tickets(CSV, Failing(first), "1001", never))  # type: ignore[arg-type]


@pytest.mark.parametrize(("reported", "raised"), [(broken, BrokenPipeError), (never, NotDone)])
def test_only_trouble_with_the_file_is_reported_as_such(
    reported: Callable[[int], None], raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        list(read_tickets(CSV, BytesIO(b"\n"), "1001", reported))


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="this system has no /proc")
def test_a_read_error_is_a_sentence(database: Database, tmp_path: Path) -> None:
    fill(database)
    (tmp_path / "mem.csv").symlink_to("/proc/self/mem")
    file = str(tmp_path / "mem.csv")
    result = run("tickets", "import", file, "--org", ORGANIZATION, "--database", database.url)
    assert (result.returncode, result.stdout) == (1, "")
    assert "to its end (Input/output error). Nothing of it was imported" in result.stderr
    assert result.stderr.count("\n") == 1
