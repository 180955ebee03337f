"""Refusals of HTTP requests. Part of the tree in `domain.refusal`.

Refusal
├── MalformedRequest      a header is absent, sent twice or of the wrong form; a body is not JSON
├── RouteUnknown          there is nothing at this path
├── MethodNotAllowed      this path does not support this method
├── ResponseNotAcceptable   the caller does not accept JSON
├── MediaTypeUnsupported  the body is not JSON, or is compressed
├── BodyTooLarge          the body is over its limit
├── HeadTooLarge          the request line and headers are over their limit
└── RequestTooSlow        the request stopped before it was complete
"""

from seatlatch.domain.refusal import Refusal


class MalformedRequest(Refusal):
    """A header is absent, sent twice or of the wrong form, or the body is not JSON."""


class RouteUnknown(Refusal):
    """There is nothing at this path."""


def unknown_path() -> RouteUnknown:
    """The refusal of a path at which there is nothing."""
    return RouteUnknown("There is nothing at this path. Check its spelling.")


class MethodNotAllowed(Refusal):
    """The path is known, the method is not. `allow`: the known methods, as the header Allow."""

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class ResponseNotAcceptable(Refusal):
    """The header Accept excludes application/json."""


class MediaTypeUnsupported(Refusal):
    """Content-Type is not application/json, or Content-Encoding is not identity."""


class BodyTooLarge(Refusal):
    """The body is over its limit; it was not read to its end."""


class HeadTooLarge(Refusal):
    """Request line and headers are over their limit."""


class RequestTooSlow(Refusal):
    """The request stopped before it was complete."""
