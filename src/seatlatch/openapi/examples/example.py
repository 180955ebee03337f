"""The type of examples, and the sandbox's credentials and tickets that they use.

The credentials are fixed, and public by intent. Source: the contract, section 2.
"""

from typing import Any, NamedTuple

HEADERS = {
    "Request-ID": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
    "User-Agent": "MyApplication/1.0",
    "PAC-Application-ID": "com.mycompany.myapp",
    "PAC-API-Key": "sandbox-api-key",
    "PAC-Channel-Code": "my-application",
}
"""The headers of a request whose values are the caller's own."""

ACCESS_TOKEN = "sandbox-access-token"  # noqa: S105 - public by intent
AUTHORIZATION_CODE = "sandbox-authorization-code"
OPERATOR_KEY = "sandbox-operator-key"

Json = Any
"""A value to encode as JSON. The order of members is that of the responses."""


class Example(NamedTuple):
    """A request body and its response. `request` None = there is no body, or it is not valid."""

    name: str
    summary: str
    request: Json | None
    status: int
    response: Json


OWNER = "234567"
LISTED = ["98973476444", "54457347644"]
VOIDED = "67889833903898"
LOCKED = "35293252542428"
UNKNOWN = ["56789983390560", "56689833903898"]

REQUEST_ID = "5b0f2a86-3c1d-4f7e-8a95-0d6b7c2e4f10"
TOKEN = "201080101"  # noqa: S105 - a ticket's, no secret
OWNER_OF_TOKEN = "310800"  # noqa: S105 - as above
SEAT = {"accessId": "SANDBOX-2026", "section": "101", "row": "A", "seat": "1"}
