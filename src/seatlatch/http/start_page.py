"""The start page at `/`: for people as HTML, for programs as JSON. Public, without tenants' data.

See decision 185 and the contract, section 10.
"""

from pathlib import Path

import msgspec
from jinja2 import StrictUndefined, Template
from starlette.requests import Request
from starlette.responses import Response

from seatlatch import __version__
from seatlatch.http.files import make_file
from seatlatch.http.negotiation import prefers_json
from seatlatch.http.routes import ApiRoute, public_route
from seatlatch.http.site import INLINE_STYLE, hashes

TEMPLATE = Path(__file__).parent / "start_page.html"

LINKS = {
    "reference": "/reference",
    "operatorReference": "/reference/operator",
    "documentation": "/docs/",
    "openapi": "/openapi.json",
    "operatorOpenapi": "/operator/openapi.json",
    "liveness": "/livez",
    "readiness": "/readyz",
    "metrics": "/metrics",
}
"""The links for programs; the root path precedes each."""


class StartPage:
    """The handler. `root_path`: the path under which a proxy publishes the service, or empty."""

    def __init__(self, *, root_path: str, has_console: bool, is_sandbox: bool) -> None:
        text = page(root_path, has_console=has_console, is_sandbox=is_sandbox)
        self._page = make_file(
            text.encode(),
            "text/html; charset=utf-8",
            {
                "Content-Security-Policy": policy(text),
                "Referrer-Policy": "no-referrer",
                "Vary": "Accept",
            },
        )
        self._description = make_file(
            description(root_path, has_console=has_console, is_sandbox=is_sandbox),
            "application/json",
            {"Vary": "Accept"},
        )

    def routes(self) -> list[ApiRoute]:
        """The route of the page."""
        return [public_route("/", self.start)]

    async def start(self, request: Request) -> Response:
        """`GET /`: HTML, unless the caller prefers JSON."""
        accept = request.headers.get("Accept", "").encode("latin-1")
        file = self._description if prefers_json(accept) else self._page
        return file.respond(request)


def page(root_path: str, *, has_console: bool, is_sandbox: bool) -> str:
    """The page for people.

    Without a root path its links are relative, so that they work below any path.
    """
    template = Template(TEMPLATE.read_text("utf-8"), undefined=StrictUndefined, trim_blocks=True)
    rendered: str = template.render(
        base=f"{root_path}/" if root_path else "./",
        version=__version__,
        has_console=has_console,
        is_sandbox=is_sandbox,
    )
    return rendered


def description(root_path: str, *, has_console: bool, is_sandbox: bool) -> bytes:
    """The JSON for programs."""
    links = {**LINKS, "console": "/console"} if has_console else LINKS
    return msgspec.json.encode(
        {
            "name": "seatlatch",
            "version": __version__,
            "sandbox": is_sandbox,
            "links": {name: root_path + path for name, path in links.items()},
        }
    )


def policy(text: str) -> str:
    """The content security policy: no script, no other host, and the page's own style alone."""
    styles = [whole for whole, _ in INLINE_STYLE.findall(text.encode())]
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src{hashes(styles)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
