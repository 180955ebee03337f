"""Reads the lines of a file or of standard input in bounded memory, and recognizes binary files.

See decision 135.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from seatlatch.domain.refusal import NotDone

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LINE_BYTES_MAX = 65_536
"""The size limit of a line, without its line end."""

PART_BYTES_MAX = LINE_BYTES_MAX + len(b"\r\n")
"""The largest part of a line that is read at once. A line within the limit is a single part."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

NumberedLine = tuple[int, bytes | None]
"""A line's number, from 1, and its content without the line end; None = it is too long."""


class Signature(NamedTuple):
    """The first bytes of a kind of file, and the problem with it and what to do."""

    start: bytes
    problem: str


def _compressed(start: bytes, tool: str, command: str) -> Signature:
    return Signature(
        start,
        f"is compressed with {tool}. Decompress it first, for example with"
        f" `{command} FILE | {{reader}}`.",
    )


_WORKBOOK = "is a spreadsheet workbook ({}). Save it as CSV (UTF-8) and use that file."
_UTF_16 = "is encoded as UTF-16. Save it as UTF-8, in a spreadsheet as CSV (UTF-8)."
_ZIP = b"PK\x03\x04"
_SIGNATURES = (
    Signature(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _WORKBOOK.format(".xls")),
    _compressed(b"\x1f\x8b", "gzip", "gzip -dc"),
    _compressed(b"\x1f\x9d", "compress", "gzip -dc"),
    _compressed(b"\xfd7zXZ\x00", "xz", "xz -dc"),
    _compressed(b"\x28\xb5\x2f\xfd", "zstd", "zstd -dc"),
    _compressed(b"\x04\x22\x4d\x18", "lz4", "lz4 -dc"),
    _compressed(b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x -so"),
    _compressed(b"Rar!\x1a\x07", "RAR", "unrar p -inul"),
    Signature(b"\xff\xfe\x00\x00", "is encoded as UTF-32. Save it as UTF-8."),
    Signature(b"\x00\x00\xfe\xff", "is encoded as UTF-32. Save it as UTF-8."),
    Signature(b"\xff\xfe", _UTF_16),
    Signature(b"\xfe\xff", _UTF_16),
    Signature(b"%PDF-", "is a PDF document. Export the tickets as text."),
)
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
_MARKUP = re.compile(rb"\s*<[!?a-zA-Z]")
_CR_ALONE = re.compile(rb"[^\r\n]*\r+[^\r\n]")
"""Matches if the first line ends with CR without LF: then all lines do, as in old Mac files."""


def not_text_problem(head: bytes, reader: str) -> str | None:
    """The problem with a file that starts with `head` and is not text; None = it may be text.

    The content decides, not the file's name. `reader`: a command that reads standard input, for the
    message about a compressed file.
    """
    problem = _problem(head)
    return problem and problem.replace("{reader}", reader)


def _problem(head: bytes) -> str | None:
    if head.startswith(_ZIP):
        return _zip_problem(head)
    for signature in _SIGNATURES:
        if head.startswith(signature.start):
            return signature.problem
    if _BZIP2.match(head):
        return _compressed(b"", "bzip2", "bzip2 -dc").problem
    if _MARKUP.match(head.removeprefix(BYTE_ORDER_MARK)):
        return "is HTML or XML. Open it in a spreadsheet, save it as CSV (UTF-8) and use that."
    line = re.split(rb"[\r\n]", head, maxsplit=1)[0]
    for zeros, letters in ((line[1::2], line[::2]), (line[::2], line[1::2])):
        if zeros and not any(zeros) and any(letters):
            return _UTF_16
    return None


def _zip_problem(head: bytes) -> str:
    if b"mimetypeapplication/vnd.oasis.opendocument" in head:
        return _WORKBOOK.format(".ods")
    if b"[Content_Types].xml" in head or b"xl/" in head:
        return _WORKBOOK.format(".xlsx")
    return "is a ZIP archive. Unpack it and use the file inside; save a workbook as CSV (UTF-8)."


class TextSource:
    """A file whose first bytes are examined before its lines are read.

    It never seeks, so it can also read standard input. Raises `NotDone` if the file can't be read.
    """

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        with self._readable():
            self.head = _read_fully(file, PART_BYTES_MAX)
        self._file = BufferedReader(_Rejoined(self.head, file), LINE_BYTES_MAX)
        self._text: TextIOWrapper | None = None
        self._line_ends: tuple[bytes, ...] = (b"\n",)
        if _CR_ALONE.match(self.head):
            # Latin-1 maps each byte to one character; `newline=""` ends lines at CR, LF and CRLF.
            self._text = TextIOWrapper(self._file, "latin-1", newline="")
            self._line_ends = (b"\n", b"\r")

    def lines(self, read: Callable[[int], None]) -> Iterator[NumberedLine]:
        """Yield each line. `read` gets the size in bytes of each part that was read.

        A line that is too long is reported before the rest of it is skipped: it may never end.
        """
        number = 0
        skipping = False  # the rest of a line that is too long
        while part := self._read_part():
            read(len(part))
            if skipping:
                skipping = not part.endswith(self._line_ends)
                continue
            number += 1
            line = part.rstrip(b"\r\n")
            if number == 1:
                line = line.removeprefix(BYTE_ORDER_MARK)
            if len(part) <= LINE_BYTES_MAX:
                yield number, line
            else:
                skipping = len(part) == PART_BYTES_MAX and not part.endswith(self._line_ends)
                yield number, None if skipping or len(line) > LINE_BYTES_MAX else line

    def _read_part(self) -> bytes:
        with self._readable():
            if self._text is not None:
                return self._text.readline(PART_BYTES_MAX).encode("latin-1")
            return self._file.readline(PART_BYTES_MAX)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NotDone(
                f"Can't read {self._name} to its end ({error.strerror or error})."
                " Nothing of it was imported. Check the disk, or use another file."
            ) from None


class _Rejoined(RawIOBase):
    """The first bytes of a file and the rest of the file, as one stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer).cast("B")
        if self._head:
            part: bytes | memoryview = self._head[: len(target)]
            self._head = self._head[len(part) :]
        else:
            part = self._rest.read(len(target))
        target[: len(part)] = part
        return len(part)


def _read_fully(file: BinaryIO, size_bytes: int) -> bytes:
    """Read `size_bytes`, or all of a shorter file. A pipe returns them in parts."""
    parts: list[bytes] = []
    while size_bytes and (part := file.read(size_bytes)):
        parts.append(part)
        size_bytes -= len(part)
    return b"".join(parts)
