"""Calls below /operator/v1 as an administrator."""

import json
from typing import Any

import httpx

from tests.operator_api.box_office import operator_headers
from tests.serving import ADMIN_KEY, Served


def administer(
    served: Served, method: str, path: str, body: Any = b"", key: str = ADMIN_KEY
) -> httpx.Response:
    """Call `path` below /operator/v1; `body`: bytes, or a value to encode as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = operator_headers(authorization=f"Bearer {key}")
    return served.send("/operator/v1" + path, method, headers, content)


def done(served: Served, method: str, path: str, body: Any = b"") -> Any:
    """The body of a response with status 200 or 201; None for 204."""
    answer = administer(served, method, path, body)
    assert answer.status_code in (200, 201, 204), answer.text
    if answer.status_code == 204:
        assert (answer.content, answer.headers.get("content-type")) == (b"", None)
        return None
    assert answer.status_code == (201 if method == "POST" and path.count("/") == 1 else 200)
    return answer.json()


def refusal(served: Served, method: str, path: str, body: Any = b"") -> tuple[int, str, str]:
    """The status, type and message of an error."""
    answer = administer(served, method, path, body)
    error = answer.json()["error"]
    return answer.status_code, error["type"], error["developerMessage"]


def audited(served: Served, query: str = "") -> list[dict[str, Any]]:
    """The entries of the audit, the newest first."""
    entries: list[dict[str, Any]] = done(served, "GET", f"/audit{query}")["entries"]
    return entries
