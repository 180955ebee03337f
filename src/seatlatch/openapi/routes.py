"""The OpenAPI documents, and the pages to browse and try them. Public.

The service itself has all files of the pages; their policy allows no other source.

See decisions 125 and 126.
"""

from functools import partial
from pathlib import Path
from string import Template
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.channel_api.admission import CHANGES_TICKETS
from seatlatch.http.files import LazyFile
from seatlatch.http.refusals import unknown_path
from seatlatch.http.routes import ApiRoute, moved, public_route
from seatlatch.openapi.document import DOCUMENTS, as_json
from seatlatch.openapi.examples.example import ACCESS_TOKEN, OPERATOR_KEY
from seatlatch.operator_api.admission import OPERATOR_SCHEME

HERE = Path(__file__).parent
PAGE = HERE / "page"
VENDORED = HERE / "vendored" / "swagger-ui"

ASSETS = {
    "swagger-ui-bundle.js": (VENDORED, "text/javascript; charset=utf-8"),
    "swagger-ui.css": (VENDORED, "text/css; charset=utf-8"),
    "page.js": (PAGE, "text/javascript; charset=utf-8"),
    "page.css": (PAGE, "text/css; charset=utf-8"),
}
"""The files that the pages load, by name. No other file of these folders is served."""

FILES = "/reference/_files/"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""The images are in the style sheet itself."""


class Shown(NamedTuple):
    """A page: the document that it shows, and the credential that the sandbox fills in.

    `base` is the relative path to the root of the service, so that no link depends on the path
    under which a proxy publishes it. `document` is below that root.
    """

    title: str
    base: str
    document: str
    scheme: str
    credential: str


PAGES = {
    "/reference": Shown("Reference", "./", "openapi.json", CHANGES_TICKETS.scheme, ACCESS_TOKEN),
    "/reference/operator": Shown(
        "Reference for the box office",
        "../",
        "operator/openapi.json",
        OPERATOR_SCHEME,
        OPERATOR_KEY,
    ),
}


class Reference:
    """The handlers. `is_sandbox`: whether the pages fill in the sandbox's credentials.

    `root_path`: the path under which a proxy publishes the service.
    """

    def __init__(self, *, is_sandbox: bool, root_path: str = "") -> None:
        self._assets = {
            name: LazyFile((folder / name).read_bytes, media_type)
            for name, (folder, media_type) in ASSETS.items()
        }
        self._is_sandbox = is_sandbox
        self._root_path = root_path

    def routes(self) -> list[ApiRoute]:
        """The routes of the documents, the pages and their files."""
        documents = {
            path: LazyFile(partial(as_json, make, self._root_path), "application/json")
            for path, make in DOCUMENTS.items()
        }
        pages = {path: self._page(path) for path in PAGES}
        return [
            *(public_route(path, file.respond) for path, file in {**documents, **pages}.items()),
            public_route(FILES + "{name}", self.asset),
            public_route("/docs/operator", moved("../reference/operator")),
        ]

    async def asset(self, request: Request) -> Response:
        """`GET /reference/_files/{name}`: a file that a page loads."""
        file = self._assets.get(request.path_params["name"])
        if file is None:
            raise unknown_path()
        return await file.respond(request)

    def _page(self, path: str) -> LazyFile:
        return LazyFile(
            partial(page, path, is_sandbox=self._is_sandbox),
            "text/html; charset=utf-8",
            {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"},
        )


def page(path: str, *, is_sandbox: bool) -> bytes:
    """The page at a path."""
    shown = PAGES[path]
    current = ' aria-current="page"'
    filled = Template((PAGE / "page.html").read_text("utf-8")).substitute(
        title=shown.title,
        base=shown.base,
        document=shown.document,
        scheme=shown.scheme,
        credential=shown.credential if is_sandbox else "",
        current_channel=current if path == "/reference" else "",
        current_operator=current if path != "/reference" else "",
    )
    return filled.encode()
