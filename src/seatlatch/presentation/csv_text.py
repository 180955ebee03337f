"""CSV for spreadsheets. No cell can become a formula.

See decision 178.
"""

import csv
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable
from io import StringIO

FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""The first characters of what a spreadsheet may compute, also in their wide forms."""

GZIP_LEVEL = 4
WITH_GZIP_HEADER = zlib.MAX_WBITS | 16
"""In the terms of zlib."""

Row = Iterable[str | int | None]


def csv_lines(rows: Iterable[Row]) -> str:
    """Rows as lines of CSV. None is an empty cell."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: str | int | None) -> str | int | None:
    """A value that stays as it is: an apostrophe before a text keeps it from being computed."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


class CsvFile:
    """A file that is built and compressed a portion of rows at a time, so that other requests can
    run between.

    It begins with a byte order mark, by which spreadsheets recognize UTF-8. `zipped`: as gzip.
    """

    def __init__(self, header: Row, *, zipped: bool) -> None:
        self._packer = zlib.compressobj(GZIP_LEVEL, wbits=WITH_GZIP_HEADER) if zipped else None
        self._parts: list[bytes] = []
        self._append(BOM_UTF8)
        self.add([header])

    def add(self, rows: Iterable[Row]) -> None:
        """Append rows."""
        self._append(csv_lines(rows).encode())

    def body(self) -> bytes:
        """The whole file. Nothing can be added then."""
        if self._packer:
            self._parts.append(self._packer.flush())
        return b"".join(self._parts)

    def _append(self, part: bytes) -> None:
        self._parts.append(self._packer.compress(part) if self._packer else part)
