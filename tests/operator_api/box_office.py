"""Helpers of the operator's tests: calls as the box office, and the content of responses."""

import json
from typing import Any
from urllib.parse import quote

import httpx

from tests.serving import OPERATOR_KEY, ORGANIZATION, OWNER, Served

TICKETS = "/operator/v1/tickets"
JSON = "application/json"
NDJSON = "application/x-ndjson"
KEY = f"Bearer {OPERATOR_KEY}"


def operator_headers(**changes: str | None) -> dict[str, str]:
    """The required headers of an operator; `changes` by name with _ for -, None removes one."""
    headers: dict[str, str | None] = {
        "authorization": KEY,
        "content-type": JSON,
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return {name: value for name, value in headers.items() if value is not None}


def operate(
    served: Served, method: str, path: str, body: Any = b"", **changes: str | None
) -> httpx.Response:
    """Call `path` below /operator/v1/tickets; `body`: bytes, or a value to encode as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return served.send(TICKETS + path, method, operator_headers(**changes), content)


def put(served: Served, *records: Any, **changes: str | None) -> httpx.Response:
    """Put these records as one array."""
    return operate(served, "POST", "", list(records), **changes)


def put_lines(served: Served, body: bytes) -> httpx.Response:
    """Put records in lines."""
    return operate(served, "POST", "", body, content_type=NDJSON)


def hold(served: Served, *tokens: str, authorization: str = KEY, **more: Any) -> httpx.Response:
    """Set the seat status to LOCK."""
    body = {"tokens": tokens, "status": "LOCK", "reason": "moving", **more}
    return operate(served, "PUT", "/status", body, authorization=authorization)


def release(served: Served, *tokens: str, **changes: str | None) -> httpx.Response:
    """Set the seat status to UNLOCK."""
    return operate(served, "PUT", "/status", {"tokens": tokens, "status": "UNLOCK"}, **changes)


def void(served: Served, *tokens: str, **changes: str | None) -> httpx.Response:
    """Void tickets."""
    return operate(served, "PUT", "/void", {"tokens": tokens}, **changes)


def override(served: Served, *tokens: str, **changes: str | None) -> httpx.Response:
    """Unlock tickets of any channel."""
    body = {"tokens": tokens, "reason": "asked by phone"}
    return operate(served, "PUT", "/unlock", body, **changes)


def show(served: Served, token: str) -> dict[str, Any]:
    """The response about a ticket that exists."""
    answer = operate(served, "GET", "/" + quote(token, safe=""))
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def record(token: str, **more: Any) -> dict[str, Any]:
    """A ticket's record, with all that is required."""
    return {"token": token, "organizationId": ORGANIZATION, "ownerId": OWNER, **more}


def head(method: str, path: str, *more: tuple[str, str], **changes: str | None) -> bytes:
    """The head of a request as bytes, for a raw connection."""
    headers = [("host", "127.0.0.1"), *operator_headers(**changes).items(), *more]
    lines = [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([f"{method} {TICKETS}{path} HTTP/1.1", *lines, "", ""]).encode("latin-1")


def invalid(token: str, message: str = "Token is invalid", **more: str) -> dict[str, Any]:
    """An entry of `failure` for an invalid token."""
    return {
        "token": token,
        "status": None,
        "appErrorCode": "MS-422",
        "developerMessage": message,
        "type": "INVALID_TOKEN",
        **more,
    }


def locked(token: str, status: str, message: str) -> dict[str, Any]:
    """An entry of `failure` for a held ticket."""
    return {
        "token": token,
        "status": status,
        "appErrorCode": "MS-409",
        "developerMessage": message,
        "type": "SEAT_RECORD_LOCKED",
        "ownerId": OWNER,
    }


def reserved(token: str) -> dict[str, Any]:
    """An entry of `failure` for a ticket that a marketplace has listed."""
    return locked(token, "UNLOCK", "Ticket is reserved by a marketplace")
