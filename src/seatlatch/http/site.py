"""The documentation site below /docs/: the files that `make docs` built, read at the first request.

Public, without any tenant's data. A request only finds names that were read from the folder, so no
path can lead out of it.

See decisions 100, 101 and 102.
"""

import asyncio
import os
import re
import stat
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.http.files import File, make_file, reading
from seatlatch.http.refusals import RouteUnknown
from seatlatch.http.routes import ApiRoute, moved, public_route

NOT_BUILT = "The pages are not built. Run `make docs` in the project's folder."
NO_SUCH_PAGE = "There is no such page. The pages begin at /docs/."

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
"""The types by suffix; anything else is plain text."""

INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
INLINE_STYLE = re.compile(rb'<style>(.*?)</style>|\bstyle="([^"]*)"', re.DOTALL)


class Site:
    """The site in a folder, which may be built, rebuilt or removed while the service runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reading = asyncio.Lock()
        self._read: tuple[tuple[int, int] | None, Mapping[str, File]] = (None, {})

    def routes(self) -> list[ApiRoute]:
        """The routes of the pages."""
        return [
            public_route("/docs", moved("docs/")),
            public_route("/docs/{path:path}", self.page),
        ]

    async def page(self, request: Request) -> Response:
        """A page or another file of the site; a folder is its index."""
        path: str = request.path_params["path"]
        files = await self._files()
        name = f"{path}index.html" if path == "" or path.endswith("/") else path
        file = files.get(name)
        if file is None:
            raise RouteUnknown(NO_SUCH_PAGE if files else NOT_BUILT)
        return file.respond(request)

    async def _files(self) -> Mapping[str, File]:
        """The files in the folder, by name. The folder is read again if it was replaced."""
        async with self._reading:
            with reading():
                try:
                    found = self._folder.stat()
                    stamp = (found.st_ino, found.st_mtime_ns)
                    if stamp != self._read[0]:
                        self._read = (stamp, await asyncio.to_thread(read_site, self._folder))
                except (FileNotFoundError, NotADirectoryError):  # or it is being replaced
                    self._read = (None, {})
            return self._read[1]


def read_site(folder: Path) -> Mapping[str, File]:
    """Every file below a folder by its name there. Symbolic links are left out.

    Raises `OSError` if anything can't be read. In some versions of Python, `Path.rglob` would skip
    such a folder, and `Path.is_file` such a file.
    """
    files: dict[str, File] = {}
    for name, _, file_names in os.walk(folder, onerror=_raise):
        for path in sorted(Path(name) / file_name for file_name in file_names):
            if stat.S_ISREG(path.lstat().st_mode):
                file = site_file(path.read_bytes(), path.suffix)
                files[path.relative_to(folder).as_posix()] = file
    return files


def _raise(error: OSError) -> None:
    raise error


def site_file(body: bytes, suffix: str) -> File:
    """A file of the site with its headers."""
    media_type = MEDIA_TYPES.get(suffix, "text/plain; charset=utf-8")
    allowed = policy(body if suffix == ".html" else b"")
    return make_file(body, media_type, {"Content-Security-Policy": allowed})


def policy(page: bytes) -> str:
    """The content security policy of a page: no other host, and inline code by its hash only."""
    scripts = INLINE_SCRIPT.findall(page)
    styles = [whole or attribute for whole, attribute in INLINE_STYLE.findall(page)]
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self'{hashes(scripts)}",
            f"style-src 'self' 'unsafe-hashes'{hashes(styles)}",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def hashes(inline: Iterable[bytes]) -> str:
    """Sources of a policy that allow these texts."""
    digests = sorted({b64encode(sha256(text).digest()).decode() for text in inline})
    return "".join(f" 'sha256-{digest}'" for digest in digests)
