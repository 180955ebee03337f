"""The complete head of a request, and what was found out about the same head before."""

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import httptools

from seatlatch.http.headers import Headers
from seatlatch.http.refusals import MalformedRequest

if TYPE_CHECKING:
    from seatlatch.http.request_parser import RequestParser

HEADERS = "seatlatch.headers"
"""The entry of the ASGI scope with the `Headers`."""

MEMORY = "seatlatch.memory"
"""The entry of the ASGI scope with the `HeadMemory`."""

VERSIONS = ("1.1", "1.0")
ASGI = {"version": "3.0", "spec_version": "2.4"}


class HeadMemory:
    """Results that depend on a head alone, without Request-ID and Content-Length. Requests with
    the same head share one, so that each result is computed once.

    `admitted`: the result of admission, which checks whether it is still valid. `is_negotiated`:
    whether the media types and encodings were found acceptable.
    """

    __slots__ = ("admitted", "is_negotiated")

    def __init__(self) -> None:
        self.admitted: object = None
        self.is_negotiated = False


class RequestHead(NamedTuple):
    """The head of one request. `scope`: its part of the ASGI scope. `keep_alive`: whether the
    client wants to send more on this connection.
    """

    scope: dict[str, Any]
    keep_alive: bool
    expects_continue: bool


def read_head(parser: "RequestParser") -> RequestHead:
    """The head that `parser` has just parsed.

    Raises `MalformedRequest`, and `httptools.HttpParserError` for a target that is not a URL.
    """
    version, headers, method = parser.version, parser.headers, parser.method
    if version not in VERSIONS:
        raise MalformedRequest("This server supports HTTP/1.1.")
    hosts = sum(name == b"host" for name, _ in headers)
    if hosts != 1 and (hosts or version == "1.1"):
        raise MalformedRequest("An HTTP/1.1 request has exactly one Host header.")
    url = httptools.parse_url(parser.target)
    path = (url.path or b"/").decode("ascii")
    scope = {
        "type": "http",
        "asgi": ASGI,
        "http_version": version,
        "method": method,
        "scheme": "http",
        "path": unquote(path) if "%" in path else path,
        "raw_path": url.path or b"/",
        "query_string": url.query or b"",
        "root_path": "",
        "headers": headers,
        HEADERS: Headers(headers),
        MEMORY: HeadMemory(),
    }
    expects_continue = version == "1.1" and any(
        name == b"expect" and value.lower() == b"100-continue" for name, value in headers
    )
    return RequestHead(scope, parser.keep_alive, expects_continue)
