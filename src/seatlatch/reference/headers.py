"""The headers of requests and answers as the OpenAPI documents tell them.

Those of a request are made from the rules that the gates check.
"""

from collections.abc import Iterable

from seatlatch.api.headers import Rule
from seatlatch.reference.examples import HEADERS
from seatlatch.reference.schemas import Schema

NOT_PARAMETERS = frozenset({"Authorization", "Accept", "Accept-Encoding", "Content-Type"})
"""What OpenAPI tells by a security scheme and by media types, or what no caller need think of."""

MEANINGS = {
    "Request-ID": "Names this request, for you and for support. A new one for each request.",
    "User-Agent": "Who sends: begins with `Product/Version`; the version should be a semantic one.",
    "PAC-Application-ID": "The application's identifier.",
    "PAC-API-Key": "A key of the application.",
    "PAC-Channel-Code": "The application's channel.",
}

ON_EVERY_ANSWER = ("Request-ID", "Vary", "Content-Encoding")
TOLD_OF_THE_RATE = ("RateLimit-Policy", "RateLimit")

ANSWERED: dict[str, Schema] = {
    "Request-ID": {
        "description": "What was sent, if that was a UUID; else a new one.",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    },
    "Vary": {
        "description": "The answer depends on what encodings were accepted.",
        "required": True,
        "schema": {"type": "string", "const": "Accept-Encoding"},
    },
    "Content-Encoding": {
        "description": "There if gzip was accepted and the body has 500 bytes or more.",
        "schema": {"type": "string", "const": "gzip"},
    },
    "RateLimit-Policy": {
        "description": "The limit: `q` requests at once, full again in `w` seconds. There if there"
        " is a limit.",
        "schema": {"type": "string", "examples": ['"changes";q=400;w=2']},
    },
    "RateLimit": {
        "description": "`r` requests may be sent at once now; if that is 0, one more in `t`"
        " seconds. There if there is a limit.",
        "schema": {"type": "string", "examples": ['"changes";r=399;t=0']},
    },
    "WWW-Authenticate": {
        "description": "`Bearer`, with `error` if a token was sent.",
        "required": True,
        "schema": {"type": "string", "examples": ["Bearer", 'Bearer error="invalid_token"']},
    },
    "Allow": {
        "description": "The methods that the path takes.",
        "required": True,
        "schema": {"type": "string", "examples": ["PUT"]},
    },
    "Retry-After": {
        "description": "After how many whole seconds to send again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1, "examples": [1]},
    },
    "Cache-Control": {
        "description": "Nobody may keep the answer.",
        "required": True,
        "schema": {"type": "string", "const": "no-store"},
    },
}


def header_components(names: Iterable[str]) -> dict[str, Schema]:
    """The headers of answers, by name."""
    return {name: ANSWERED[name] for name in sorted(names)}


def header_references(names: Iterable[str]) -> dict[str, Schema]:
    """The headers of one answer."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def told(rules: Iterable[Rule]) -> list[Rule]:
    """The headers of a request that are told as parameters."""
    return [rule for rule in rules if rule.name not in NOT_PARAMETERS]


def parameter_components(rules: Iterable[Rule]) -> dict[str, Schema]:
    """The headers of requests, by name."""
    return {rule.name: _parameter(rule) for rule in told(rules)}


def parameter_references(rules: Iterable[Rule]) -> list[Schema]:
    """The headers of one call's requests."""
    return [{"$ref": f"#/components/parameters/{rule.name}"} for rule in told(rules)]


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
    """The whole value; one that is empty or blank counts as absent. A pattern and no format: the
    clients that are made of formats would not send a UUID of theirs as text.
    """
    if rule.form is None:
        return r"\S" if rule.required else ""
    form = rule.form.pattern.decode()
    return f"^{form}$" if rule.required else rf"^({form})?$"
