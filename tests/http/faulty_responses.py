"""Responses of a faulty server, for the controls of the campaign of fuzzed connections."""

from email.utils import formatdate
from uuid import uuid4

from tests.http.connection_judge import Heard, Sentinel, judge
from tests.http.rfc_9112 import requests_in
from tests.http.wire import put, put_chunked, tokens_body

FIRST, LAST = str(uuid4()), str(uuid4())
BODY = tokens_body("free-1")
RIGHT = b'{"success":[]}'
SENTINEL = Sentinel(put(BODY, request_id=LAST), LAST, RIGHT)


def response(
    request_id: str, status: str = "200 OK", body: bytes = RIGHT, *more: str, date: bool = True
) -> bytes:
    """A response as the service makes them."""
    lines = [f"HTTP/1.1 {status}", f"request-id: {request_id}", f"content-length: {len(body)}"]
    lines += [f"date: {formatdate(usegmt=True)}"] if date else []
    lines += ["content-type: application/json", *more, "", ""]
    return "\r\n".join(lines).encode() + body


def refusal(request_id: str = FIRST) -> bytes:
    """A response 400 that ends the connection."""
    return response(request_id, "400 Bad Request", b'{"error":{}}', "connection: close")


VALID = put(BODY, request_id=FIRST)
BROKEN = VALID.replace(b"Content-Length", b"Content Length")
WITHOUT_END = put_chunked(BODY, end=b"xyz\r\n", request_id=FIRST)
TOO_SHORT = put(b" " * 10_000, request_id=FIRST)[:-9_000]
SWALLOWING = b"POST /livez HTTP/1.1\r\nH: "
"""Its header ends behind the request line of the next request."""

ENDING = response(FIRST, "200 OK", RIGHT, "connection: close")
BOTH = response(FIRST) + response(LAST)
WRONG: dict[str, tuple[bytes, bytes, str]] = {
    "a 500": (VALID, response(FIRST, "500 No") + response(LAST), "status 500"),
    "an extra response": (VALID, BOTH + response(str(uuid4())), "1 responses more"),
    "a response twice": (VALID, response(FIRST) + BOTH, "1 responses more"),
    "no response": (VALID, b"", "request 1 is not answered"),
    "the last one missing": (VALID, response(FIRST), "request 2 is not answered"),
    "the first one missing": (VALID, response(LAST), "Request-ID"),
    "out of order": (VALID, response(LAST) + response(FIRST), "has the Request-ID of request 2"),
    "another Request-ID": (VALID, response(str(uuid4())) + response(LAST), "expected"),
    "another result": (VALID, response(FIRST) + response(LAST, body=b"{}"), "valid request got"),
    "an end without need": (VALID, refusal(), "ends the connection after a sound request"),
    "a refusal without need": (VALID, response(FIRST) + refusal(LAST), "ends the connection"),
    "a broken one served": (BROKEN, response(FIRST), "no complete head"),
    "one behind a broken one": (BROKEN, refusal() + response(LAST), "none of its own"),
    "one behind broken chunks": (WITHOUT_END, refusal() + response(LAST), "more than requests"),
    "a broken one not refused": (BROKEN, b"", "request 1 is not answered"),
    "no end that was asked for": (
        VALID.replace(b"HTTP/1.1", b"HTTP/1.0", 1),
        response(FIRST),
        "wants the end",
    ),
    "100 that nobody expects": (
        VALID,
        b"HTTP/1.1 100 Continue\r\n\r\n" + BOTH,
        "1 responses 100",
    ),
    "no status line": (VALID, BOTH + b"x\r\n\r\n", "no status line"),
    "half a response": (VALID, BOTH[:-1], "a response is cut"),
    "half a head": (VALID, BOTH + b"HTTP/1.1 200 OK\r\n", "no end of a response's head"),
    "no Content-Length": (
        VALID,
        BOTH.replace(b"content-length", b"x-length", 1),
        "without Content-Length",
    ),
    "no Request-ID": (VALID, BOTH.replace(b"request-id", b"x-id", 1), "Request-ID is ''"),
    "no Date": (VALID, response(FIRST, date=False) + response(LAST), "without Date"),
    "no JSON": (VALID, response(FIRST, body=b"{") + response(LAST), "no JSON"),
}


def is_seen(sent: bytes, received: bytes, expected: str) -> bool:
    """Whether the judge names the fault of a response."""
    verdict = judge(requests_in(sent + SENTINEL.request), SENTINEL, Heard(received))
    return any(expected in text for text in verdict.violations)
