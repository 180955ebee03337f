"""Reads a browser's request: its cookie, its origin, and whether it came by TLS."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.domain.refusal import NotPermitted
from seatlatch.http.client_address import Network, is_trusted

COOKIE, PARTNER_COOKIE = "seatlatch_console", "seatlatch_partner"
"""Without the prefix __Host-, which browsers accept by TLS only and for the path / only."""

SECRET_CHARACTERS_MAX = 100


def cookie_secret(request: Request, cookie: str = COOKIE) -> str | None:
    """The secret in the session's cookie, if there is one that may be valid."""
    secret = request.cookies.get(cookie, "")
    return secret if 0 < len(secret) <= SECRET_CHARACTERS_MAX and secret.isascii() else None


def set_cookie(response: Response, cookie: str, secret: str, path: str, *, is_secure: bool) -> None:
    """Set a session's cookie for a path, until the browser is closed or the session has ended."""
    response.set_cookie(
        cookie, secret, path=path, secure=is_secure, httponly=True, samesite="strict"
    )


def delete_cookie(response: Response, cookie: str, path: str) -> None:
    """Let the browser forget a session's cookie."""
    response.delete_cookie(cookie, path=path, httponly=True, samesite="strict")


def is_https(request: Request, trusted_proxies: Sequence[Network]) -> bool:
    """Whether the browser used TLS, as a trusted proxy reports it."""
    return trusted_header(request, "x-forwarded-proto", trusted_proxies) == "https"


def trusted_header(request: Request, name: str, trusted_proxies: Sequence[Network]) -> str | None:
    """The value of a header that was sent once, by a trusted proxy; None = there is none."""
    values = request.headers.getlist(name)
    peer = request.client.host if request.client else None
    if len(values) != 1 or not is_trusted(peer, trusted_proxies):
        return None
    return values[0].strip() or None


def require_same_origin(request: Request) -> None:
    """Raise `NotPermitted` for a request that a page of another site has sent.

    Browsers send Sec-Fetch-Site to secure origins only, and Origin with every form.
    """
    headers = request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        is_same = site in ("same-origin", "none")
    else:
        is_same = origin is None or origin.partition("://")[2] == headers.get("host")
    if not is_same:
        raise NotPermitted("Another site has sent this form. Open the console and send it there.")


def is_navigation(request: Request) -> bool:
    """Whether the response will be shown as a page of its own."""
    return "hx-request" not in request.headers and "text/html" in request.headers.get("accept", "")
