"""The scripts and styles of the console, which the service serves itself.

See decision 175.
"""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.console.templating import CONSOLE
from seatlatch.http.files import LazyFile
from seatlatch.http.refusals import unknown_path
from seatlatch.http.routes import ApiRoute, public_route

HERE = files("seatlatch.console")
VENDORED = "vendored/htmx/htmx.min.js"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class StaticFiles:
    """The handler. It serves the files of the folder `static`, and `VENDORED`, but no others."""

    def __init__(self) -> None:
        self._files = {
            file.name: LazyFile(file.read_bytes, MEDIA_TYPES[suffix])
            for file in (*HERE.joinpath("static").iterdir(), HERE.joinpath(VENDORED))
            for suffix in MEDIA_TYPES
            if file.name.endswith(suffix)
        }

    def routes(self) -> list[ApiRoute]:
        """The route of these files."""
        return [public_route(CONSOLE + "/static/{name}", self.file)]

    async def file(self, request: Request) -> Response:
        """`GET /console/static/{name}`: a script or a style."""
        file = self._files.get(request.path_params["name"])
        if file is None:
            raise unknown_path()
        return await file.respond(request)
