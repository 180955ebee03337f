"""Responses as bytes: status lines, and the refusals that the server itself sends."""

from http import HTTPStatus
from uuid import uuid4

from seatlatch.domain.refusal import Refusal
from seatlatch.http.headers import Headers
from seatlatch.http.problems import error_headers, error_json, problem_of
from seatlatch.http.request_parser import RequestParser

STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


class RefusedRequest:
    """A request that the server refuses without the application.

    `parser`: has parsed its head, or a part of it; None if no request has begun.
    """

    def __init__(self, refusal: Refusal, parser: RequestParser | None) -> None:
        self.message = refusal.message
        self.status = problem_of(refusal).status
        headers = Headers(parser.headers if parser else ())
        self.request_id = headers.valid_request_id or str(uuid4())
        self._refusal = refusal
        self._is_head = parser is not None and parser.method == "HEAD"

    def response(self, date: bytes) -> bytes:
        """The whole response, after which the connection is closed. `date`: a header line."""
        body = error_json(problem_of(self._refusal), self.message)
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "request-id": self.request_id,
            "vary": "Accept-Encoding",
            **error_headers(self._refusal),
            "connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = STATUS_LINES[self.status] + lines.encode() + date + b"\r\n"
        return head if self._is_head else head + body
