"""How RFC 9112 divides bytes into requests: a reader that shares nothing with the server's.

Where the RFC leaves a choice, a request is REFUSABLE. Where a different choice of a
proxy would be dangerous, such as for a line that ends with LF alone, this service must refuse.
"""

import re
from enum import IntEnum
from typing import Literal, NamedTuple

from seatlatch.http.request_parser import HEAD_BYTES_MAX, HEADERS_MAX, PIECE_BYTES

Part = Literal["head", "body", "nothing"]


class Grade(IntEnum):
    """The required treatment of a request."""

    SOUND = 0
    """It must serve it."""
    REFUSABLE = 1
    """It may serve it in this framing, or refuse it and close."""
    FAULTY = 2
    """It must refuse it and close."""


class SeenRequest(NamedTuple):
    """One request. `lacks`: in which part the reader stopped, for a fault or the stream's end.

    `is_cut`: the stream ends within it. `is_last`: the client or the version asks for the end of
    the connection after it. `is_tentative`: it has a header Expect. `reason`: why not SOUND.
    `head_grade` is that of the head alone. `is_body_doubtful`: the body makes it REFUSABLE.
    """

    grade: Grade
    lacks: Part
    is_cut: bool
    method: bytes
    target: bytes
    request_ids: tuple[bytes, ...]
    is_last: bool
    is_tentative: bool
    may_be_invited: bool
    reason: str
    head_grade: Grade
    is_body_doubtful: bool


class _Fault(Exception):
    """The request must be refused."""


class _Cut(Exception):
    """The stream ends here."""


TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_NAME = re.compile(TOKEN)
_METHODS = {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE"}
_PATH = rb"/[A-Za-z0-9\-._~!$&'()*+,;=:@/%?]*"
_TARGET = re.compile(rb"(https?://[A-Za-z0-9.-]+(:[0-9]{1,4})?)?" + _PATH + rb"|\*")
_NO_TARGET = re.compile(rb"[\x00-\x20\x7f]")
_NO_SPACE = re.compile(rb"[\t\x0b\x0c]")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_HOST = re.compile(rb"[A-Za-z0-9.\-_~!$&'()*+,;=%:\[\]]*")
_EXTENSIONS = re.compile(rb"(;%b(=(%b|\"[^\"\\\x00-\x08\x0a-\x1f\x7f]*\"))?)*" % (TOKEN, TOKEN))
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_SIZE = re.compile(rb"[0-9A-Fa-f]+")
_OF_FRAMING = {b"content-length", b"transfer-encoding", b"host", b"upgrade"}
LINE_BYTES_MAX = 4096
"""A longer line of a chunk is REFUSABLE."""
LENGTH_DIGITS_MAX = 15
"""More in a Content-Length or the size of a chunk is REFUSABLE, without its leading zeros."""


class _Reader:
    """Reads one request of a stream."""

    def __init__(self, stream: bytes, at: int) -> None:
        self._stream = stream
        self.at = self._began = at
        self.lacks: Part = "head"
        self.grade = Grade.SOUND
        self._head_grade = Grade.FAULTY
        self._is_body_doubtful = False
        self.reason = ""
        self.method = self.target = self.version = b""
        self.headers: list[tuple[bytes, bytes]] = []

    def read(self) -> SeenRequest:
        is_cut = False
        try:
            self._read_request_line()
            self._read_headers()
            self._check_head()
            self._head_grade = self.grade
            self.lacks = "body"
            self._read_body()
            self.lacks = "nothing"
        except _Cut:
            is_cut = True
        except _Fault as fault:
            self.grade, self.reason = Grade.FAULTY, str(fault)
            is_cut = self.lacks == "head" and b"\r\n\r\n" not in self._stream[self.at - 4 :]
        is_1_1 = self.version == b"HTTP/1.1"
        expectations = self.values(b"expect")
        return SeenRequest(
            self.grade,
            self.lacks,
            is_cut,
            self.method,
            self.target,
            tuple(self.values(b"request-id")),
            not is_1_1 or b"close" in self.listed(b"connection"),
            bool(expectations),
            is_1_1 and any(one.lower() == b"100-continue" for one in expectations),
            self.reason,
            self._head_grade,
            self._is_body_doubtful,
        )

    def values(self, name: bytes) -> list[bytes]:
        """The values of all headers of this name."""
        return [value for key, value in self.headers if key == name]

    def listed(self, name: bytes) -> list[bytes]:
        """The elements of the list in all headers of this name, in lower case."""
        joined = b",".join(self.values(name)).lower()
        return [one.strip(b" \t") for one in joined.split(b",")] if joined else []

    def _doubt(self, reason: str, *, unless: object = False) -> None:
        if unless:
            return
        self._is_body_doubtful |= self.lacks == "body"
        if self.grade is Grade.SOUND:
            self.grade, self.reason = Grade.REFUSABLE, reason

    def _line(self) -> bytes:
        end = self._stream.find(b"\n", self.at)
        if end < 0:
            raise _Cut
        line = self._stream[self.at : end]
        self.at = end + 1
        if not line.endswith(b"\r"):
            raise _Fault("a line ends with LF alone")
        if b"\r" in line[:-1]:
            raise _Fault("a CR within a line")
        return line[:-1]

    def _read_request_line(self) -> None:
        start = self.at
        while self._stream[self.at : self.at + 1] in (b"\r", b"\n"):
            self.at += 1
        self._doubt(
            "line ends before it",
            unless=self._stream[start : self.at].count(b"\r\n") * 2 == self.at - start,
        )
        line = self._line()
        parts = line.split()
        self._doubt("more spaces than two", unless=line == b" ".join(parts))
        if len(parts) != 3 or _NO_SPACE.search(line) or line[:1] == b" ":
            raise _Fault("not three parts in the request line")
        self.method, self.target, self.version = parts
        if not _NAME.fullmatch(self.method) or self.method == b"CONNECT":
            raise _Fault("a method that is none, or for proxies alone")
        if not self.target or _NO_TARGET.search(self.target):
            raise _Fault("a control character in the target")
        if self.version not in (b"HTTP/1.0", b"HTTP/1.1"):
            raise _Fault("another version")
        self._doubt("a rare method", unless=self.method in _METHODS)
        self._doubt("an odd target", unless=_TARGET.fullmatch(self.target))

    def _read_headers(self) -> None:
        while line := self._line():
            self.headers.append(self._field(line))
            if len(self.headers) > HEADERS_MAX:
                raise _Fault("too many headers")
        head_bytes = self.at - self._began
        if head_bytes > HEAD_BYTES_MAX + 2 * PIECE_BYTES:
            raise _Fault("too large a head")
        self._doubt("a large head", unless=head_bytes <= HEAD_BYTES_MAX)

    def _field(self, line: bytes) -> tuple[bytes, bytes]:
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            raise _Fault("a header without a name")
        if b"\0" in value:
            raise _Fault("a NUL in a header")
        self._doubt("a control character in a header", unless=_VALUE.fullmatch(value))
        return name.lower(), value.strip(b" \t")

    def _check_head(self) -> None:
        hosts = self.values(b"host")
        if len(hosts) > 1 or (self.version == b"HTTP/1.1" and not hosts):
            raise _Fault("none or several Host")
        self._doubt("an obsolete header", unless=not self.values(b"proxy-connection"))
        self._doubt("an odd Host", unless=all(map(_HOST.fullmatch, hosts)))
        is_chunked, has_length = self.values(b"transfer-encoding"), self.values(b"content-length")
        if is_chunked and has_length:
            raise _Fault("Transfer-Encoding and Content-Length")
        if is_chunked:
            self._check_codings([one for one in self.listed(b"transfer-encoding") if one])
        if has_length:
            self._check_lengths(self.listed(b"content-length"))

    def _check_codings(self, codings: list[bytes]) -> None:
        if not codings or codings[-1] != b"chunked" or b"chunked" in codings[:-1]:
            raise _Fault("Transfer-Encoding does not end with chunked, once")
        is_plain = len(self.listed(b"transfer-encoding")) == 1
        self._doubt("several transfer codings", unless=is_plain)
        self._doubt("chunks in HTTP/1.0", unless=self.version == b"HTTP/1.1")

    def _check_lengths(self, lengths: list[bytes]) -> None:
        if not lengths or not all(re.fullmatch(rb"[0-9]+", one) for one in lengths):
            raise _Fault("a Content-Length that is no number")
        if len({one.lstrip(b"0") for one in lengths}) != 1:
            raise _Fault("several Content-Lengths")
        self._doubt("a Content-Length twice", unless=len(lengths) == 1)
        self._doubt(
            "a huge Content-Length", unless=len(lengths[0].lstrip(b"0")) <= LENGTH_DIGITS_MAX
        )

    def _read_body(self) -> None:
        if self.values(b"transfer-encoding"):
            self._read_chunks()
        elif lengths := self.listed(b"content-length"):
            self._skip(int(lengths[0].lstrip(b"0")[:4000] or b"0"))

    def _skip(self, size: int) -> None:
        if len(self._stream) - self.at < size:
            raise _Cut
        self.at += size

    def _read_chunks(self) -> None:
        while size := self._chunk_size():
            self._skip(size)
            end = self._stream[self.at : self.at + 2]
            if end in (b"", b"\r"):
                raise _Cut
            if end != b"\r\n":
                raise _Fault("a chunk longer than its size")
            self.at += 2
        while line := self._line():
            name, _ = self._field(line)
            if name in (b"connection", b"proxy-connection"):
                raise _Fault("a trailer that would end the connection")
            self._doubt("a trailer that concerns framing", unless=name not in _OF_FRAMING)

    def _chunk_size(self) -> int:
        line = self._line()
        size = _SIZE.match(line)
        if not size:
            raise _Fault("a chunk without size")
        extensions = line[size.end() :]
        if _CONTROL.search(extensions):
            raise _Fault("a control character in a chunk extension")
        if extensions and not extensions.lstrip(b" \t").startswith(b";"):
            raise _Fault("a chunk's size that is no number")
        self._doubt("a chunk extension out of form", unless=_EXTENSIONS.fullmatch(extensions))
        self._doubt("a long line of a chunk", unless=len(line) <= LINE_BYTES_MAX)
        self._doubt("a huge chunk", unless=len(size[0].lstrip(b"0")) <= LENGTH_DIGITS_MAX)
        return int(size[0], 16)


def requests_in(stream: bytes) -> list[SeenRequest]:
    """All requests, until one that is faulty, cut, or the last that the client wants."""
    seen: list[SeenRequest] = []
    at = 0
    while stream[at:].strip(b"\r\n"):
        reader = _Reader(stream, at)
        seen.append(reader.read())
        at = reader.at
        if seen[-1].lacks != "nothing" or seen[-1].is_last:
            break
    return seen
