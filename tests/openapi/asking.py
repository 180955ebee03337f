"""Valid requests made from the operations and examples of the documents."""

from typing import Any, NamedTuple

import httpx
import msgspec

from seatlatch.openapi.examples.example import ACCESS_TOKEN, HEADERS, OPERATOR_KEY, Example
from seatlatch.openapi.field_descriptions import PATH_PARAMETERS
from seatlatch.openapi.operations import Operation
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
        """Send it to a server. Sends no body if the request only has a Content-Length."""
        if "Content-Length" not in self.headers:
            return served.send(self.path, self.method, self.headers, self.content)
        head = raw_request(self.headers.items(), b"", target=self.path, method=self.method)
        answer = served.raw(head)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)


def asked_by(operation: Operation, example: Example | None = None) -> Ask:
    """A request of an operation, with the body of an example, or the first body of one."""
    route = operation.route
    path = route.path
    for name, parameter in PATH_PARAMETERS.items():
        path = path.replace(f"{{{name}}}", parameter["example"])
    if operation.operation_id == "listTickets":
        path += "?organizationId=1001&accessId="
    headers = {rule.name: HEADERS[rule.name] for rule in route.headers if rule.name in HEADERS}
    if route.access.scheme:
        headers["Authorization"] = f"Bearer {BEARERS[route.access.scheme]}"
    headers["Accept"] = "application/json"
    body: Any = example.request if example else None
    if route.body:
        headers["Content-Type"] = "application/json"
        body = body or next(one.request for one in operation.examples if one.request is not None)
    content = b"" if body is None else msgspec.json.encode(body)
    return Ask(route.method, path, headers, content)
