"""The headers of requests and responses in the OpenAPI documents.

Request headers are made from the rules that admission checks.

See decision 121.
"""

from collections.abc import Iterable

from seatlatch.http.headers import Rule
from seatlatch.openapi.examples.example import HEADERS
from seatlatch.openapi.schemas import Schema

NOT_PARAMETERS = frozenset({"Authorization", "Accept", "Accept-Encoding", "Content-Type"})
"""OpenAPI describes these as a security scheme or media types, or they need no description."""

MEANINGS = {
    "Request-ID": "Identifies this request, for you and for support. Send a new one each time.",
    "User-Agent": "The client: starts with `Product/Version`, preferably with a semantic version.",
    "PAC-Application-ID": "The application's identifier.",
    "PAC-API-Key": "A key of the application.",
    "PAC-Channel-Code": "The application's channel.",
}

COMMON_HEADERS = ("Request-ID", "Vary", "Content-Encoding")
RATE_HEADERS = ("RateLimit-Policy", "RateLimit")

RESPONSE_HEADERS: dict[str, Schema] = {
    "Request-ID": {
        "description": "The value from the request if it was a UUID, else a new one.",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    },
    "Vary": {
        "description": "The response depends on the accepted encodings.",
        "required": True,
        "schema": {"type": "string", "const": "Accept-Encoding"},
    },
    "Content-Encoding": {
        "description": "Present if gzip was accepted and the body has 500 bytes or more.",
        "schema": {"type": "string", "const": "gzip"},
    },
    "RateLimit-Policy": {
        "description": "The limit: `q` requests at once, full again in `w` seconds. Present if"
        " there is a limit.",
        "schema": {"type": "string", "examples": ['"changes";q=400;w=2']},
    },
    "RateLimit": {
        "description": "`r` requests may be sent at once now; if that is 0, one more in `t`"
        " seconds. Present if there is a limit.",
        "schema": {"type": "string", "examples": ['"changes";r=399;t=0']},
    },
    "WWW-Authenticate": {
        "description": "`Bearer`, with `error` if a token was sent.",
        "required": True,
        "schema": {"type": "string", "examples": ["Bearer", 'Bearer error="invalid_token"']},
    },
    "Allow": {
        "description": "The methods of the path.",
        "required": True,
        "schema": {"type": "string", "examples": ["PUT"]},
    },
    "Retry-After": {
        "description": "The number of whole seconds to wait before a retry.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1, "examples": [1]},
    },
    "Cache-Control": {
        "description": "No cache may store the response.",
        "required": True,
        "schema": {"type": "string", "const": "no-store"},
    },
}


def header_components(names: Iterable[str]) -> dict[str, Schema]:
    """The headers of responses, by name."""
    return {name: RESPONSE_HEADERS[name] for name in sorted(names)}


def header_references(names: Iterable[str]) -> dict[str, Schema]:
    """The headers of one response."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def as_parameters(rules: Iterable[Rule]) -> list[Rule]:
    """The headers of a request that the document lists as parameters."""
    return [rule for rule in rules if rule.name not in NOT_PARAMETERS]


def parameter_components(rules: Iterable[Rule]) -> dict[str, Schema]:
    """The headers of requests, by name."""
    return {rule.name: _parameter(rule) for rule in as_parameters(rules)}


def parameter_references(rules: Iterable[Rule]) -> list[Schema]:
    """The headers of one call's requests."""
    return [{"$ref": f"#/components/parameters/{rule.name}"} for rule in as_parameters(rules)]


def _parameter(rule: Rule) -> Schema:
    return {
        "name": rule.name,
        "in": "header",
        "required": rule.required,
        "description": MEANINGS[rule.name],
        "schema": {"type": "string", "pattern": _pattern(rule)},
        "example": HEADERS[rule.name],
    }


def _pattern(rule: Rule) -> str:
    """The pattern of a whole value; an empty or blank one counts as absent.

    A pattern, and not a format: some generated clients do not send their UUID type as text.
    """
    if rule.form is None:
        return r"\S" if rule.required else ""
    form = rule.form.pattern.decode()
    return f"^{form}$" if rule.required else rf"^({form})?$"
