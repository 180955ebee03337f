"""Static files, compressed once and sent only if the caller does not have them yet.

See decision 127.
"""

import asyncio
import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.domain.refusal import Unavailable
from seatlatch.http.negotiation import prefers_gzip

GZIP_LEVEL = 9
"""The best compression: each file is compressed once."""


class File(NamedTuple):
    """A file as it is served. `zipped`: the body for callers that accept gzip."""

    body: bytes
    zipped: bytes
    headers: Mapping[str, str]

    def respond(self, request: Request) -> Response:
        """200 with the file, or 304 if the caller has it already."""
        asked = request.headers.get("If-None-Match", "")
        if asked.strip() == "*" or self.headers["ETag"].removeprefix("W/") in asked:
            return Response(status_code=304, headers=self.headers)
        if prefers_gzip(request.headers.get("Accept-Encoding", "").encode("latin-1")):
            return Response(self.zipped, headers={**self.headers, "Content-Encoding": "gzip"})
        return Response(self.body, headers=self.headers)


def make_file(body: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> File:
    """A file with its headers. A browser caches it, and asks each time whether it has changed."""
    whole = {
        "Content-Type": media_type,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
        "ETag": f'W/"{sha256(body).hexdigest()[:32]}"',
        **(headers or {}),
    }
    return File(body, gzip.compress(body, GZIP_LEVEL, mtime=0), whole)


@contextmanager
def reading() -> Iterator[None]:
    """Raise `Unavailable` for errors of the disk or of descriptors.

    An unreadable file is not an absent one, so `FileNotFoundError` is not replaced.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise Unavailable("The page can't be read from disk now. Retry the request.") from error


class LazyFile:
    """A file that is built at the first request, in a thread because it may take long."""

    def __init__(
        self, make: Callable[[], bytes], media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._make = lambda: make_file(make(), media_type, headers)
        self._making = asyncio.Lock()
        self._made: File | None = None

    async def respond(self, request: Request) -> Response:
        """200 with the file, or 304 if the caller has it already."""
        async with self._making:
            if self._made is None:
                with reading():
                    self._made = await asyncio.to_thread(self._make)
        return self._made.respond(request)
