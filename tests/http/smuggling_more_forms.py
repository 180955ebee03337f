"""More forms of request smuggling: by chunks, trailers, request lines, methods and upgrades."""

from collections.abc import Iterator

from tests.http.smuggling_forms import (
    AS_CHUNK,
    BODY,
    CHUNKED,
    LAST_CHUNK,
    LENGTH_OF_ALL,
    LENGTH_OF_BODY,
    Form,
    forms_of_length,
)

CHUNKS = {
    "space behind the size": b"19 \r\n" + BODY + b"\r\n" + LAST_CHUNK + b"<inner>",
    "size 0x": b"0x19\r\n" + BODY + b"\r\n" + LAST_CHUNK + b"<inner>",
    "size with plus": b"+19\r\n" + BODY + b"\r\n" + LAST_CHUNK + b"<inner>",
    "size with minus": b"-1\r\n" + LAST_CHUNK + b"<inner>",
    "space before the size": b" 19\r\n" + BODY + b"\r\n" + LAST_CHUNK + b"<inner>",
    "size with underscore": b"0_0\r\n\r\n<inner>",
    "size with letter": b"0g\r\n\r\n<inner>",
    "size with NUL": b"0\0\r\n\r\n<inner>",
    "no size": b"\r\n" + LAST_CHUNK + b"<inner>",
    "size over 32 bits": b"100000000\r\n\r\n<inner>",
    "size over 64 bits": b"10000000000000000\r\n\r\n<inner>",
    "size of -1": b"ffffffffffffffff\r\n" + LAST_CHUNK + b"<inner>",
    "LF behind the size": b"19\n" + BODY + b"\r\n" + LAST_CHUNK + b"<inner>",
    "LF behind the data": b"19\r\n" + BODY + b"\n" + LAST_CHUNK + b"<inner>",
    "nothing behind the data": b"19\r\n" + BODY + LAST_CHUNK + b"<inner>",
    "other bytes behind the data": b"19\r\n" + BODY + b"xx" + LAST_CHUNK + b"<inner>",
    "CR LF LF behind the data": b"19\r\n" + BODY + b"\r\n\n" + LAST_CHUNK + b"<inner>",
    "CR alone behind the size": b"19\r" + BODY + b"\r\n" + LAST_CHUNK + b"<inner>",
    "LF at the end": b"0\n\n<inner>",
    "LF after the last chunk": b"0\n\r\n<inner>",
    "LF in place of the last line": b"0\r\n\n<inner>",
    "CR in place of the last line": b"0\r\n\r<inner>",
    "no last line": b"0\r\n<inner>",
    "LF in an extension": b"1;\nx\r\n<inner-size>\r\n<inner>\r\n" + LAST_CHUNK,
    "LF within an extension": b"1;a\n0\r\n\r\n<inner>",
    "CR in an extension": b"1;\rx\r\n<inner-size>\r\n<inner>\r\n" + LAST_CHUNK,
    "NUL in an extension": b"0;\0\r\n\r\n<inner>",
    "line end in quotes": b'0;a="\r\n\r\n"<inner>',
    "trailer without colon": b"0\r\nX\r\n\r\n<inner>",
    "trailer that begins with a space": b"0\r\n X: y\r\n\r\n<inner>",
    "trailer with a fold": b"0\r\nX: y\r\n z\r\n\r\n<inner>",
    "trailer with LF": b"0\r\nX: y\n\r\n<inner>",
    "trailer with CR": b"0\r\nX: y\rz\r\n\r\n<inner>",
    "trailer with NUL": b"0\r\nX: \0\r\n\r\n<inner>",
    "trailer Connection": b"0\r\nConnection: close\r\n\r\n<inner>",
    "trailer Connection: Upgrade": b"0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n<inner>",
    "inner in a trailer": b"0\r\nX: <inner>\r\n\r\n",
}
"""Malformed chunked bodies."""

SOUND_CHUNKS = {
    "quotes without end": b'0;a="\r\n\r\n<inner>',
    "zeros before the size": b"00000000000000000019\r\n" + BODY + b"\r\n000\r\n\r\n<inner>",
    "extension": b"19;a=b\r\n" + BODY + b'\r\n0;c="d"\r\n\r\n<inner>',
    "extension that is empty": b"19;\r\n" + BODY + b"\r\n" + LAST_CHUNK + b"<inner>",
    "extension out of form": b"19;a b\r\n" + BODY + b"\r\n" + LAST_CHUNK + b"<inner>",
    "long extension": b"19;" + b"x" * 9000 + b"\r\n" + BODY + b"\r\n" + LAST_CHUNK + b"<inner>",
    "trailer": b"19\r\n" + BODY + b"\r\n0\r\nX: y\r\n\r\n<inner>",
    "trailer Content-Length": b"0\r\nContent-Length: 9999\r\n\r\n<inner>",
    "trailer Transfer-Encoding": b"0\r\nTransfer-Encoding: x\r\n\r\n<inner>",
    "trailer Upgrade": b"0\r\nUpgrade: h2c\r\n\r\n<inner>",
    "trailer Host": b"0\r\nHost: other\r\n\r\n<inner>",
    "trailer Authorization": b"0\r\nAuthorization: Bearer x\r\n\r\n<inner>",
}
"""Unusual chunked bodies whose end is clear, and which may be refused."""

LINES = {
    "space first": (b" PUT /v1/tickets/unlock HTTP/1.1", False),
    "LF first": (b"\nPUT /v1/tickets/unlock HTTP/1.1", True),
    "CR LF first": (b"\r\nPUT /v1/tickets/unlock HTTP/1.1", True),
    "absolute target": (b"PUT http://127.0.0.1/v1/tickets/unlock HTTP/1.1", True),
    "absolute target of another": (b"PUT http://other/v1/tickets/unlock HTTP/1.1", True),
    "two spaces": (b"PUT  /v1/tickets/unlock  HTTP/1.1", True),
    "tabs": (b"PUT\t/v1/tickets/unlock\tHTTP/1.1", False),
    "space in the target": (b"PUT /v1/tickets/unlock HTTP/1.1 HTTP/1.1", False),
    "space at the end": (b"PUT /v1/tickets/unlock HTTP/1.1 ", True),
    "LF at the end": (b"PUT /v1/tickets/unlock HTTP/1.1\nX: y", False),
    "CR within": (b"PUT /v1/tickets/unlock\rHTTP/1.1", False),
    "NUL in the target": (b"PUT /v1/tickets/unlock\0 HTTP/1.1", False),
    "line ends in the target": (b"PUT /v1/tickets/unlock?%0d%0a%0d%0aGET%20/ HTTP/1.1", True),
    "small letters": (b"put /v1/tickets/unlock HTTP/1.1", True),
    "HTTP/0.9": (b"PUT /v1/tickets/unlock HTTP/0.9", False),
    "no version": (b"PUT /v1/tickets/unlock", False),
    "HTTP/1.2": (b"PUT /v1/tickets/unlock HTTP/1.2", False),
    "HTTP/2.0": (b"PUT /v1/tickets/unlock HTTP/2.0", False),
    "HTTP/1.10": (b"PUT /v1/tickets/unlock HTTP/1.10", False),
    "HTTP/1.0": (b"PUT /v1/tickets/unlock HTTP/1.0", False),
    "CONNECT": (b"CONNECT 127.0.0.1:80 HTTP/1.1", False),
    "preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nPUT / HTTP/1.1", False),
}
"""Request lines, and whether the bytes after the body are then read."""

WITHOUT_CONTENT = ("GET /livez", "HEAD /livez", "OPTIONS /v1/tickets/unlock", "DELETE /livez")

HEADERS = {
    "two Hosts": (b"Host: other\r\n" + LENGTH_OF_BODY, False),
    "no colon": (b"X\r\n" + LENGTH_OF_BODY, False),
    "no name": (b": y\r\n" + LENGTH_OF_BODY, False),
    "space in a name": (b"X Y: z\r\n" + LENGTH_OF_BODY, False),
    "a control character": (b"X: \x01\r\n" + LENGTH_OF_BODY, True),
    "Connection: close": (b"Connection: close\r\n" + LENGTH_OF_BODY, False),
    "Connection names a coding": (b"Connection: Transfer-Encoding\r\n" + CHUNKED, False),
    "head that ends with LF": (LENGTH_OF_BODY + b"\r\nX: y\n", False),
    "head in the middle": (LENGTH_OF_BODY + b"\r\n\n", False),
    "Expect": (b"Expect: 100-continue\r\n" + LENGTH_OF_BODY, True),
    "Expect of something else": (b"Expect: y 100-continue\r\n" + LENGTH_OF_BODY, True),
    "Expect with a fold": (b"Expect:\r\n 100-continue\r\n" + LENGTH_OF_BODY, False),
    "upgrade to h2c": (
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
        + LENGTH_OF_BODY,
        True,
    ),
    "upgrade to a WebSocket": (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + LENGTH_OF_BODY,
        True,
    ),
    "upgrade to another version": (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n"
        + LENGTH_OF_BODY,
        True,
    ),
    "upgrade and close": (
        b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n" + LENGTH_OF_BODY,
        False,
    ),
}
"""Headers, and whether the bytes after the body are then read."""


def all_forms() -> list[Form]:
    """Every form, each with its own name."""
    return [*forms_of_length(), *forms_of_chunks(), *forms_of_heads()]


def forms_of_chunks() -> Iterator[Form]:
    """The forms with malformed chunked bodies."""
    for name, body in CHUNKS.items():
        yield Form(f"chunks: {name}", CHUNKED, body)
    for name, body in SOUND_CHUNKS.items():
        yield Form(f"chunks: {name}", CHUNKED, body, reaches=True)


def forms_of_heads() -> Iterator[Form]:
    """The forms with request lines, methods that rarely have a body, and other headers."""
    for name, (line, reaches) in LINES.items():
        yield Form(f"line: {name}", LENGTH_OF_BODY, BODY + b"<inner>", line, reaches)
    old = b"PUT /v1/tickets/unlock HTTP/1.0"
    yield Form("line: HTTP/1.0 with chunks", CHUNKED, LAST_CHUNK + b"<inner>", old)
    keep = b"Connection: keep-alive\r\n"
    yield Form("line: HTTP/1.0, keep-alive", keep + LENGTH_OF_BODY, BODY + b"<inner>", old)
    yield Form("line: HTTP/1.0 chunks, kept", keep + CHUNKED, LAST_CHUNK + b"<inner>", old)
    for method in WITHOUT_CONTENT:
        line = f"{method} HTTP/1.1".encode()
        yield Form(f"{method} with a body", LENGTH_OF_ALL, b"<inner>", line)
        yield Form(f"{method} with a chunk", CHUNKED, AS_CHUNK, line)
        yield Form(f"{method} without a body", b"", b"<inner>", line, reaches=True)
        yield Form(f"{method} with an empty one", CHUNKED, LAST_CHUNK + b"<inner>", line, True)
        expects = b"Expect: 100-continue\r\n" + LENGTH_OF_ALL
        yield Form(f"{method} that expects", expects, b"<inner>", line)
    unknown = b"PUT /nowhere HTTP/1.1"
    yield Form("a body that is not used", LENGTH_OF_ALL, b"<inner>", unknown)
    yield Form(
        "a body that is not used, expected",
        b"Expect: 100-continue\r\n" + LENGTH_OF_ALL,
        b"<inner>",
        unknown,
    )
    for name, (lines, reaches) in HEADERS.items():
        yield Form(f"header: {name}", lines, BODY + b"<inner>", reaches=reaches)
