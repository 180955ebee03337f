"""CSV whose cells cannot become formulas."""

import csv
import gzip
from io import StringIO

import pytest

from seatlatch.presentation.csv_text import CsvFile, csv_lines
from tests.cases import all_cases

PLAIN = ["", "1", "a=b", " =1", "'=1", "é", "🎟", "<script>", "a,b", 'a"b', "a\nb"]


def test_rows_become_lines() -> None:
    assert csv_lines([("a", 1, None), ('x,"y"', "two\nlines", -5)]) == (
        'a,1,\r\n"x,""y""","two\nlines",-5\r\n'
    )
    assert csv_lines([]) == ""


def read(text: str) -> list[list[str]]:
    """The cells, as a spreadsheet reads them."""
    return list(csv.reader(StringIO(text, newline="")))


@pytest.mark.parametrize("first", [*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_text_is_computed(first: str) -> None:
    for text in (first, f"{first}1", f'{first}HYPERLINK("x")'):
        assert read(csv_lines([[text, f"a{text}"]])) == [[f"'{text}", f"a{text}"]]


@all_cases("value", PLAIN)
def test_other_texts_stay_as_they_are(value: str) -> None:
    assert read(csv_lines([[value, "x"]])) == [[value, "x"]]


@pytest.mark.parametrize("zipped", [False, True])
def test_portions_make_one_file(zipped: bool) -> None:
    file = CsvFile(["one", "two"], zipped=zipped)
    file.add([["=1", None], ["é,", 'a"b']])
    file.add([])
    file.add([["last", "\n"]])
    body = gzip.decompress(file.body()) if zipped else file.body()
    assert body.startswith(b"\xef\xbb\xbfone,two\r\n")
    assert read(body.decode("utf-8-sig")) == [
        ["one", "two"],
        ["'=1", ""],
        ["é,", 'a"b'],
        ["last", "'\n"],
    ]
