"""Files as they are served: whole, encoded once, and only sent anew if they have changed."""

import asyncio
import gzip
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.api.media import prefers_gzip

GZIP_LEVEL = 9
"""The best: each is encoded once."""


class _Made(NamedTuple):
    body: bytes
    gzipped: bytes
    tag: str


class ServedFile:
    """A file. It is made when somebody first asks, beside the event loop: that may take a while.

    `headers` go onto every answer.
    """

    def __init__(
        self, make: Callable[[], bytes], media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._make = make
        self._media_type = media_type
        self._headers = {
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        }
        self._made: _Made | None = None

    async def answer(self, request: Request) -> Response:
        """200 with the file, or 304 if the caller has it already."""
        made = self._made
        if made is None:
            made = self._made = await asyncio.to_thread(self._now)
        headers = {**self._headers, "ETag": made.tag}
        if made.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = made.body
        if prefers_gzip(request.headers.get("accept-encoding", "").encode("latin-1")):
            body, headers["Content-Encoding"] = made.gzipped, "gzip"
        return Response(body, headers=headers, media_type=self._media_type)

    def _now(self) -> _Made:
        body = self._make()
        tag = f'W/"{sha256(body).hexdigest()[:32]}"'
        return _Made(body, gzip.compress(body, GZIP_LEVEL, mtime=0), tag)
