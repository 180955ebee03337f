"""Reads a response's body, up to the size that the client allows."""

import zlib
from typing import NamedTuple

import httpx

from .errors import ConnectionFailed, ResponseTooLarge, UnexpectedAnswer

GZIP = 16 + zlib.MAX_WBITS
"""zlib's code for gzip with the largest window."""


class WholeResponse(NamedTuple):
    """A complete response with its uncompressed body."""

    status_code: int
    headers: httpx.Headers
    content: bytes

    def __repr__(self) -> str:
        """Without the body: it can hold tokens."""
        return f"<{self.status_code}, {len(self.content):,} bytes>"


class BodyReader:
    """Decompresses and joins the parts of a body, up to a size.

    httpx decompresses a part without a limit, and 64 KiB of gzip can become 64 MiB.
    """

    def __init__(self, response: httpx.Response, max_bytes: int) -> None:
        """Raises `UnexpectedAnswer` for a Content-Encoding that the request does not accept."""
        self._response = response
        self._max_bytes = max_bytes
        self._received_bytes = 0
        self._body = bytearray()
        self._unpacker = _unpacker_for(response)

    def add(self, part: bytes) -> None:
        """Add the next part, as received.

        Raises `ResponseTooLarge`, or `ConnectionFailed` for a part that cannot be decompressed.
        """
        self._received_bytes += len(part)
        if self._unpacker is not None:
            try:
                part = self._unpacker.decompress(part, self._max_bytes + 1 - len(self._body))
            except zlib.error as error:
                raise ConnectionFailed(f"The response can't be unpacked ({error}).") from error
        self._body += part
        if max(len(self._body), self._received_bytes) > self._max_bytes:
            raise ResponseTooLarge(
                f"The response is larger than max_response_bytes ({self._max_bytes:,} bytes)."
                " The request may have been processed; it is safe to send it again.",
                status=self._response.status_code,
            )

    def whole(self) -> WholeResponse:
        """The response. Raises `ConnectionFailed` if a compressed body ended early."""
        if self._unpacker is not None and self._received_bytes and not self._unpacker.eof:
            raise ConnectionFailed("The response can't be unpacked (it ends early).")
        return WholeResponse(self._response.status_code, self._response.headers, bytes(self._body))


def _unpacker_for(response: httpx.Response) -> "zlib._Decompress | None":
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in ("identity", ""):
        return None
    if coding in ("gzip", "x-gzip"):
        return zlib.decompressobj(GZIP)
    raise UnexpectedAnswer(
        f"The response has the Content-Encoding {coding!r}, which the client did not ask for."
        " Check the service's address and what stands before it.",
        status=response.status_code,
    )
