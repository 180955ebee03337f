"""The parser of one connection's requests, with limits on everything that is not a body.

llhttp parses, through httptools. It refuses ambiguous requests, such as one with both
Content-Length and Transfer-Encoding.
"""

from typing import TYPE_CHECKING

import httptools

from seatlatch.http.known_heads import KnownHeads, KnownRequest
from seatlatch.http.refusals import HeadTooLarge, MalformedRequest
from seatlatch.http.request_head import RequestHead, read_head

if TYPE_CHECKING:
    from seatlatch.http.connection import Connection

HEAD_BYTES_MAX = 64 * 1024
"""A longer head is refused."""

HEADERS_MAX = 100
"""A head with more headers is refused."""

CONNECTION_HEADERS = (b"connection", b"proxy-connection")

PIECE_BYTES = 4 * 1024
"""The maximum that is parsed at once: llhttp cannot be stopped at the end of a request."""

PIECE_BYTES_MIN = 256
"""A piece ends at the first blank line after this many bytes. Few requests fit into one piece, and
a body of blank lines does not become thousands of pieces.
"""

BLANK_LINE = b"\r\n\r\n"

MALFORMED = (httptools.HttpParserError, UnicodeDecodeError)
"""The errors of a target that is not a URL."""


class RequestParser:
    """The parser of one connection. The methods `on_…` are called by llhttp.

    `target` and `headers` (with names in lower case) are those of the request that began last.
    `in_head`: whether its head is incomplete.
    """

    def __init__(self, connection: "Connection", known_heads: KnownHeads) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.in_head = False
        self._connection = connection
        self._known_heads = known_heads
        self._head: RequestHead | None = None
        self._is_between = True  # no byte of the next request has been parsed
        self._body_bytes_left = 0  # of a request with a known head
        self._llhttp = self._new_llhttp()
        self._piece_bytes = 0
        self._head_bytes = 0
        self._bytes_without_body = 0

    def close(self) -> None:
        """Stop parsing. Parser and connection refer to each other: without this, both would stay in
        memory until the garbage collector runs.
        """
        del self._llhttp, self._connection

    @property
    def method(self) -> str:
        """The method of the request that began last; empty until it has arrived."""
        if self._head is not None:
            method: str = self._head.scope["method"]
            return method
        return self._llhttp.get_method().decode("ascii") if self.target else ""

    @property
    def version(self) -> str:
        """Its version of HTTP, such as 1.1."""
        return self._llhttp.get_http_version()

    @property
    def keep_alive(self) -> bool:
        """Whether its client wants to send more on this connection."""
        return self.version == "1.1" and self._llhttp.should_keep_alive()

    def head(self) -> RequestHead:
        """The head that has just arrived. Raises as `read_head` does."""
        if self._head is None:
            self._head = read_head(self)
        return self._head

    def feed(self, data: bytes, start: int) -> int:
        """Parse a piece of `data` from `start` on, and return its end. A piece ends where a head
        may end, so that few requests arrive at once. After a `Refusal` nothing more can be parsed.
        """
        if self._body_bytes_left:
            return self._feed_body(data, start)
        if not self._is_between:
            return self._feed_piece(data, start)
        known = self._known_heads.match(data, start)
        if known is not None:
            self._begin(known)
            return known.body_at
        end = self._feed_piece(data, start)
        if self._head is not None and data.find(BLANK_LINE, start, end) == end - len(BLANK_LINE):
            self._known_heads.add(data[start:end], self._head)
        return end

    def _begin(self, known: KnownRequest) -> None:
        """Receive a request without llhttp, which never sees it: llhttp is between two requests
        before and after it.
        """
        self._head = known.head
        self.headers = known.head.scope["headers"]
        self._body_bytes_left = known.body_bytes
        self._connection.request_began()
        self._connection.head_arrived(self)
        if not known.body_bytes:
            self._connection.request_arrived()

    def _feed_body(self, data: bytes, start: int) -> int:
        body = data[start : start + min(self._body_bytes_left, PIECE_BYTES)]
        self._body_bytes_left -= len(body)
        self._connection.body_arrived(body)
        if not self._body_bytes_left:
            self._connection.request_arrived()
        return start + len(body)

    def _feed_piece(self, data: bytes, start: int) -> int:
        """Let llhttp parse a piece."""
        end = start + PIECE_BYTES
        blank_line = data.find(BLANK_LINE, start + PIECE_BYTES_MIN, end)
        piece = data[start : end if blank_line < 0 else blank_line + len(BLANK_LINE)]
        self._piece_bytes = len(piece)
        self._head_bytes += len(piece)
        self._bytes_without_body += len(piece)
        try:
            self._feed(piece)
        except httptools.HttpParserError as error:
            cause = error.__context__  # the error of one of the methods below, if any
            if cause is not None and not isinstance(cause, MALFORMED):
                raise cause from None
            raise MalformedRequest("This is not a valid HTTP/1.1 request.") from None
        # Apart from heads this covers trailers, and the lengths of chunks.
        unbounded_bytes = self._head_bytes if self.in_head else self._bytes_without_body
        if unbounded_bytes > HEAD_BYTES_MAX + PIECE_BYTES:
            raise head_too_large()
        return start + len(piece)

    def _feed(self, piece: bytes) -> None:
        """Parse a piece. No upgrade is supported: a request for one is served as plain HTTP/1.1.

        llhttp treats the bytes after such a head as another protocol. So a new parser gets the head
        again, without the header that requests the upgrade.
        """
        while piece:
            try:
                self._llhttp.feed_data(piece)
                return
            except httptools.HttpParserUpgrade as upgrade:
                head = self._head_without_upgrade()
                self._llhttp = self._new_llhttp()
                piece = head + piece[upgrade.args[0] :]

    def _new_llhttp(self) -> httptools.HttpRequestParser:
        llhttp = httptools.HttpRequestParser(self)
        # Without this, data behind a request with `Connection: close` would break that request.
        llhttp.set_dangerous_leniencies(lenient_data_after_close=True)
        return llhttp

    def _head_without_upgrade(self) -> bytes:
        first = f"{self.method} ".encode() + self.target + f" HTTP/{self.version}".encode()
        others = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([first, *others, b"", b""])

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        self.in_head = True
        self._is_between = False
        self._head = None
        self._head_bytes = self._piece_bytes
        self.target = b""
        self.headers = []
        self._connection.request_began()

    def on_url(self, url: bytes) -> None:
        """Add a part of its target."""
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header. Trailers are not used."""
        if not self.in_head:
            # llhttp would obey it, and ignore all further requests without an error.
            if name.lower() in CONNECTION_HEADERS:
                raise MalformedRequest("The header Connection must not be a trailer.")
            return
        if len(self.headers) >= HEADERS_MAX:
            raise HeadTooLarge(f"The request has more than {HEADERS_MAX} headers.")
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Check the complete head, and pass it on. Its size is computed only if it can be too
        large.
        """
        if self._head_bytes > HEAD_BYTES_MAX:
            lines = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if len(self.target) + lines > HEAD_BYTES_MAX:
                raise head_too_large()
        if self._llhttp.should_upgrade():
            if self.method == "CONNECT":
                raise MalformedRequest("This server is not a proxy.")
            return
        self._connection.head_arrived(self)
        self.in_head = False
        self._bytes_without_body = 0

    def on_body(self, body: bytes) -> None:
        """Pass on a part of its body."""
        self._bytes_without_body = -self._piece_bytes
        self._connection.body_arrived(body)

    def on_message_complete(self) -> None:
        """Note that it is complete. If it requests an upgrade, its head is parsed again."""
        self._bytes_without_body = 0
        if not self.in_head:
            self._is_between = True
            self._connection.request_arrived()


def head_too_large() -> HeadTooLarge:
    """The refusal of a head over the limit."""
    return HeadTooLarge(f"The request's head is over {HEAD_BYTES_MAX} bytes.")
