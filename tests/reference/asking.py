"""Requests that keep to the documents, made of their calls and examples."""

from typing import Any, NamedTuple

import httpx
import msgspec

from seatlatch.reference.calls import Call
from seatlatch.reference.examples import ACCESS_TOKEN, HEADERS, OPERATOR_KEY, Example
from tests.serving import Served, raw_request

BEARERS = {"accessToken": ACCESS_TOKEN, "operatorKey": OPERATOR_KEY}


class Ask(NamedTuple):
    """A request that may be changed before it is sent."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes

    def without(self, header: str) -> "Ask":
        """The same without a header."""
        return self._replace(headers={k: v for k, v in self.headers.items() if k != header})

    def given(self, **headers: str) -> "Ask":
        """The same with these headers (with `_` for `-`) in place of its own."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._replace(headers={**self.headers, **named})

    def send(self, served: Served) -> httpx.Response:
        """Send it to a server. A body that is only announced is not sent."""
        if "Content-Length" not in self.headers:
            return served.send(self.path, self.method, self.headers, self.content)
        head = raw_request(self.headers.items(), b"", target=self.path, method=self.method)
        answer = served.raw(head)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)


def asked_by(call: Call, example: Example | None = None) -> Ask:
    """A call's request, with the body of an example, or of the first one that has a body."""
    path = call.path
    for name, parameter in call.path_parameters.items():
        path = path.replace(f"{{{name}}}", parameter["example"])
    if call.operation_id == "listTickets":
        path += "?organizationId=1001&accessId="
    headers = {rule.name: HEADERS[rule.name] for rule in call.rules if rule.name in HEADERS}
    if call.security:
        headers["Authorization"] = f"Bearer {BEARERS[call.security]}"
    headers["Accept"] = "application/json"
    body: Any = example.request if example else None
    if call.bodies:
        headers["Content-Type"] = "application/json"
        body = body or next(one.request for one in call.examples if one.request is not None)
    content = b"" if body is None else msgspec.json.encode(body)
    return Ask(call.method, path, headers, content)
