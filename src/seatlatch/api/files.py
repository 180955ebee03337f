"""Files as they are served: whole, encoded once, and sent anew only if they have changed."""

import asyncio
import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.api.media import prefers_gzip
from seatlatch.domain.refusal import Unavailable

GZIP_LEVEL = 9
"""The best: each is encoded once."""


class File(NamedTuple):
    """A file as it is served. `zipped`: the body for those who take gzip."""

    body: bytes
    zipped: bytes
    headers: Mapping[str, str]

    def answer(self, request: Request) -> Response:
        """200 with the file, or 304 if the caller has it already."""
        asked = request.headers.get("If-None-Match", "")
        if asked.strip() == "*" or self.headers["ETag"].removeprefix("W/") in asked:
            return Response(status_code=304, headers=self.headers)
        if prefers_gzip(request.headers.get("Accept-Encoding", "").encode("latin-1")):
            return Response(self.zipped, headers={**self.headers, "Content-Encoding": "gzip"})
        return Response(self.body, headers=self.headers)


def make_file(body: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> File:
    """A file with its headers. A browser keeps it, but asks each time whether it is the same."""
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
    """Make a refusal of trouble with the disk or with descriptors: a file that can't be read now is
    not absent. A file that is absent stays `FileNotFoundError`. Raises `Unavailable`.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise Unavailable("The page can't be read from disk now. Retry the request.") from error


class LazyFile:
    """A file that is made when somebody first asks, beside the event loop: it may take a while."""

    def __init__(
        self, make: Callable[[], bytes], media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._make = lambda: make_file(make(), media_type, headers)
        self._making = asyncio.Lock()
        self._made: File | None = None

    async def answer(self, request: Request) -> Response:
        """200 with the file, or 304 if the caller has it already."""
        async with self._making:
            if self._made is None:
                with reading():
                    self._made = await asyncio.to_thread(self._make)
        return self._made.answer(request)
