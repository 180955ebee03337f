"""What only HTTP can get wrong. Part of the tree that `domain.refusal` draws.

Refusal
├── MalformedRequest      a header is absent, sent twice or of the wrong form; a body is no JSON
├── RouteUnknown          there is nothing at this path
├── MethodNotAllowed      there is, but not for this method
├── AnswerNotAcceptable   the caller takes no JSON
├── MediaTypeUnsupported  the caller sends no JSON, or compressed JSON
├── BodyTooLarge          the body is over its limit
├── HeadTooLarge          the request line and headers are over their limit
└── RequestTooSlow        the request stopped coming before it was whole
"""

from seatlatch.domain.refusal import Refusal


class MalformedRequest(Refusal):
    """A header is absent, sent twice or of the wrong form, or the body is not JSON."""


class RouteUnknown(Refusal):
    """There is nothing at this path."""


class MethodNotAllowed(Refusal):
    """The path is known, the method is not. `allow`: those that are, as in the header Allow."""

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class AnswerNotAcceptable(Refusal):
    """The header Accept excludes application/json."""


class MediaTypeUnsupported(Refusal):
    """Content-Type is not application/json, or Content-Encoding is not identity."""


class BodyTooLarge(Refusal):
    """The body is over its limit; it was not read to its end."""


class HeadTooLarge(Refusal):
    """Request line and headers are over their limit."""


class RequestTooSlow(Refusal):
    """The request stopped coming before it was whole."""
