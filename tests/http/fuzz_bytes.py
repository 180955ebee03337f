"""Makes the bytes that a fuzzing client sends: valid requests, and all ways to break them."""

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from uuid import UUID

from tests.http.fuzz_parts import (
    CODINGS,
    HEADERS,
    LENGTHS,
    METHODS,
    METHODS_OUT_OF_FORM,
    ODD_BYTES,
    SIZES,
    TARGETS,
    VERSIONS,
)
from tests.serving import LOCK, TOKEN, UNLOCK, VERIFY, valid_headers

TICKETS = 1000
"""The number of tickets of each kind. Two changes of one ticket wait for each other."""

ID_LINE = re.compile(rb"Request-ID: [0-9a-f-]{36}")
LENGTH_LINE = re.compile(rb"Content-Length: [0-9]+")

Made = Callable[[], bytes]


class FuzzBytes:
    """Generates random bytes. Each request has its own Request-ID."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._pick = chance.choice

    def made(self) -> bytes:
        """The bytes of one connection before its valid request, mostly with one fault."""
        before = b"".join(self.valid() for _ in range(self._pick([0, 0, 0, 1, 1, 2])))
        ways: Sequence[Made] = (
            *(self.valid, self.mutated, self.mutated, self.mutated, self.cut, self.unfinished),
            *(self.pipelined, self.repeated, self.repeated, self.repeated, self.repeated),
            self.bad_chunks,
            *(self.bad_chunks, self.odd_line, self.odd_framing, self.odd_framing, self.odd_headers),
            *(self.odd_headers, self.other_line_ends, self.many_headers, self.spliced, self.noise),
        )
        return before + self._pick(ways)()

    def request_id(self) -> str:
        """A unique Request-ID."""
        return str(UUID(int=self._chance.getrandbits(128), version=4))

    def valid(self) -> bytes:
        """A valid request of one of the routes, its body in one of the framings."""
        method, target, body = self._call()
        headers = valid_headers(request_id=self.request_id())
        if self._chance.random() < 0.1:
            headers["PAC-API-Key"] = "wrong"
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if not body:
            return self._joined(lines, b"")
        if self._chance.random() < 0.4:
            return self._joined([*lines, "Transfer-Encoding: chunked"], self._chunks(body))
        return self._joined([*lines, f"Content-Length: {len(body)}"], body)

    def _call(self) -> tuple[str, str, bytes]:
        kinds = ("free", "unknown", "locked")
        tokens = [f"{self._pick(kinds)}-{self._chance.randrange(TICKETS)}" for _ in range(3)]
        listing = {"tokens": [{"token": f"unknown-{self._chance.randrange(TICKETS)}"}]}
        refresh = {"grantType": "refresh_token", "refreshToken": "none"}
        calls: Sequence[tuple[str, str, object]] = (
            ("PUT", UNLOCK, {"tokens": tokens}),
            ("POST", VERIFY, {"tickets": {"tokens": tokens}}),
            ("PUT", LOCK, {"source": "MY_ACCOUNT", "listing": listing}),
            ("POST", TOKEN, refresh),
            ("PUT", "/nowhere", tokens),
            ("GET", "/livez", None),
            ("HEAD", "/livez", None),
            ("OPTIONS", UNLOCK, None),
            ("GET", "/v1/events?after=latest&limit=1", None),
            ("DELETE", "/readyz", None),
        )
        method, target, body = self._pick(calls)
        return method, target, b"" if body is None else json.dumps(body).encode()

    def _joined(self, lines: Sequence[str], body: bytes) -> bytes:
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def _chunks(self, body: bytes) -> bytes:
        at = self._chance.randrange(1, len(body))
        return b"".join(self._chunk(part) for part in (body[:at], body[at:])) + b"0\r\n\r\n"

    def _chunk(self, part: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(part), part)

    def mutated(self) -> bytes:
        """Some bytes are flipped, put in, removed, repeated or replaced."""
        return self._mutated(self.valid())

    def _mutated(self, data: bytes) -> bytes:
        for _ in range(self._pick([1, 1, 2, 3, 8])):
            at = self._chance.randrange(len(data))
            size = self._pick([1, 1, 2, 5, 40])
            flipped = bytes([data[at] ^ (1 << self._chance.randrange(8))])
            text, drops = self._pick(
                [
                    (flipped, 1),
                    (self._pick(ODD_BYTES), 0),
                    (self._pick(ODD_BYTES), 1),
                    (b"", size),
                    (data[at : at + size] * 2, size),
                    (self._chance.randbytes(size), size),
                ]
            )
            data = data[:at] + text + data[at + drops :]
        return data

    def pipelined(self) -> bytes:
        """More requests at once than a server keeps unanswered, small ones or large ones."""
        made = b"".join(self._small() for _ in range(self._chance.randint(5, 60)))
        return made + self._pick([self.valid, self.mutated, self.odd_headers])()

    def _small(self) -> bytes:
        method = self._pick(["GET", "HEAD", "PUT"])
        lines = [f"{method} /livez HTTP/1.1", "Host: x", f"Request-ID: {self.request_id()}"]
        body = b" " * self._pick([0, 0, 0, 10, 4000, 20_000])
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return self._joined(lines, body)

    def repeated(self) -> bytes:
        """A request again and again, with the same head except for Request-ID and Content-Length;
        some of them are broken.
        """
        data = next(one for one in iter(self.valid, b"") if LENGTH_LINE.search(one))
        return data + b"".join(self._again(data) for _ in range(self._pick([1, 2, 3, 9])))

    def _again(self, data: bytes) -> bytes:
        head, _, body = data.partition(b"\r\n\r\n")
        head = ID_LINE.sub(b"Request-ID: " + self.request_id().encode(), head)
        if self._chance.random() < 0.5:
            body = self._pick([b"", b" ", body * 2, b"\r\n\r\n" * 500, b" " * 20_000, data])
            head = LENGTH_LINE.sub(b"Content-Length: %d" % len(body), head)
        again = head + b"\r\n\r\n" + body
        if self._chance.random() < 0.15:
            return self._pick([self._mutated, self._cut])(again)
        return self._pick([b"", b"", b"", b"", b"\r\n"]) + again

    def cut(self) -> bytes:
        """The beginning of a request, which makes the following bytes a part of it."""
        return self._cut(self.valid())

    def _cut(self, data: bytes) -> bytes:
        return data[: self._chance.randrange(1, len(data))]

    def unfinished(self) -> bytes:
        """A request with a body that is longer than all that follows."""
        framing = self._pick(["Content-Length: 50000", "Transfer-Encoding: chunked"])

        def change(lines: list[str]) -> None:
            lines[:] = [one for one in lines if not one.startswith(("Content-L", "Transfer"))]
            lines.append(framing)

        start = b"9000\r\n" if framing.startswith("Transfer") else b""
        head, _, body = self._changed_head(change).partition(b"\r\n\r\n")
        return head + b"\r\n\r\n" + start + body

    def spliced(self) -> bytes:
        """The beginning of one request and the end of another one."""
        return self.cut() + self.valid()[-self._chance.randrange(1, 200) :]

    def noise(self) -> bytes:
        """Random bytes."""
        size = self._pick([1, 20, 500, 5000])
        return self._chance.randbytes(size) + self._pick([b"", b"\r\n", b"\r\n\r\n"])

    def _changed_head(self, change: Callable[[list[str]], object]) -> bytes:
        head, _, body = self.valid().partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        change(lines)
        return self._joined(lines, body)

    def odd_line(self) -> bytes:
        """A method, target or version that this service does not have."""

        def change(lines: list[str]) -> None:
            parts = lines[0].split(" ")
            part = self._pick([0, 1, 2])
            parts[part] = self._pick([METHODS + METHODS_OUT_OF_FORM, TARGETS, VERSIONS][part])
            lines[0] = self._pick([" ", " ", " ", " ", "  ", "\t"]).join(parts)

        return self._changed_head(change)

    def odd_framing(self) -> bytes:
        """Other and more headers about the length of the body."""

        def change(lines: list[str]) -> None:
            if self._chance.random() < 0.5:
                lines[:] = [one for one in lines if not one.startswith(("Content-L", "Transfer"))]
            for _ in range(self._pick([1, 1, 2])):
                length = f"Content-Length: {self._pick(LENGTHS)}"
                coding = f"Transfer-Encoding: {self._pick(CODINGS)}"
                lines.insert(self._pick([1, len(lines)]), self._pick([length, coding]))

        return self._changed_head(change)

    def odd_headers(self) -> bytes:
        """Headers about the connection, and malformed headers."""

        def change(lines: list[str]) -> None:
            for _ in range(self._pick([1, 1, 2, 4])):
                lines.insert(self._chance.randint(1, len(lines)), self._pick(HEADERS))

        return self._changed_head(change)

    def other_line_ends(self) -> bytes:
        """Some or all lines end otherwise than with CRLF, or empty lines come first."""
        data = self.valid()
        end = self._pick([b"\n", b"\r", b"\n\r", b"\r\r\n", b"\r\n ", b"\0\r\n", b"\r\n\r\n"])
        at = self._chance.randrange(len(data))
        first = self._pick([b"\r\n", b"\r\n\r\n", b"\n", b"\r", b" "])
        return self._pick(
            [
                data.replace(b"\r\n", end),
                data.replace(b"\r\n", end, 1),
                data[:at] + data[at:].replace(b"\r\n", end, 1),
                first + data,
            ]
        )

    def many_headers(self) -> bytes:
        """A number of headers or a size of the head near the limit."""
        count = self._pick([80, 88, 89, 90, 91, 92, 99, 100, 101, 500])
        size = self._pick([1, 1, 1, 600, 700, 60_000]) if count < 100 else 1
        times = 1 if size == 60_000 else count
        more = [f"X-{number}: {'x' * size}" for number in range(times)]
        return self._changed_head(lambda lines: lines.extend(more))

    def bad_chunks(self) -> bytes:
        """A body in chunks, broken somewhere."""
        head, _, _ = self.valid().partition(b"\r\n\r\n")
        lines = [one for one in head.split(b"\r\n") if not one.startswith((b"Content-L", b"Tr"))]
        size = self._pick(SIZES)
        part = self._pick([b"abcde", b"abcd", b"abcdef", b"", b'{"a":1}'])
        chunk = size + self._pick([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""]) + part
        chunk += self._pick([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""])
        trailers = self._pick([b"", b"X: y\r\n", b"Content-Length: 5\r\n", b"X\r\n", b" X: y\r\n"])
        end = self._pick(
            [b"0\r\n", b"0\r\n", b"0\r\n", b"0\n", b"00\r\n", b"0;a=b\r\n", b"", b"1\r\n"]
        )
        last = trailers + self._pick([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""])
        body = self._pick([b"", self._chunk(b"12345")]) + chunk + end + last
        return b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", b""]) + body
