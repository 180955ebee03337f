"""From the types that the server uses to JSON Schema, with what each member means.

What no type says, because it is about several members, stands in `CONDITIONS`.
"""

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any

import msgspec

from seatlatch.api.answers import failed_ticket
from seatlatch.api.schemas import AskedTickets, LockRequest, TokenRequest
from seatlatch.domain.outcome import INVALID, LOCKS, TicketResult
from seatlatch.domain.price import FINEST_EXPONENT, PRICE_BELOW, Price
from seatlatch.operations.exchange_tokens import GrantType
from seatlatch.operator.answers import FAILURES
from seatlatch.operator.schemas import StatusRequest
from seatlatch.reference.members import FORMATS, MEANINGS

Schema = dict[str, Any]

PLACE = "#/components/schemas/"
NOTHING: Schema = {"type": "null"}
SOMETHING: Schema = {"not": NOTHING}

CONDITIONS: Mapping[type, Schema] = {
    LockRequest: {
        "if": {"properties": {"source": {"enum": ["INDIVIDUAL", "BROKER"]}}},
        "then": {"required": ["seller"], "properties": {"seller": SOMETHING}},
    },
    AskedTickets: {
        "if": {"required": ["tokens"], "properties": {"tokens": SOMETHING}},
        "then": {"properties": {"barcodes": NOTHING}},
        "else": {
            "required": ["barcodes", "accessId"],
            "properties": {"barcodes": SOMETHING, "accessId": SOMETHING},
        },
    },
    TokenRequest: {
        "if": {"properties": {"grantType": {"const": GrantType.AUTHORIZATION_CODE.value}}},
        "then": {"required": ["code"], "properties": {"code": SOMETHING}},
        "else": {"required": ["refreshToken"], "properties": {"refreshToken": SOMETHING}},
    },
    StatusRequest: {
        "if": {"properties": {"status": {"const": "LOCK"}}},
        "then": {"required": ["reason"], "properties": {"reason": SOMETHING}},
        "else": {"properties": {"expiresInSeconds": NOTHING}},
    },
}
"""What the handlers of these bodies check by hand: `api.lock`, `api.verify`, `api.token` and
`operator.schemas`.
"""


def reference_to(name: str) -> Schema:
    """A schema that stands among the components."""
    return {"$ref": PLACE + name}


def schemas_of(kinds: Iterable[Any]) -> dict[str, Schema]:
    """The schemas of types, and of all that they are made of, by name."""
    _, found = msgspec.json.schema_components(
        kinds, schema_hook=_of_our_own, ref_template=PLACE + "{name}"
    )
    conditions = {kind.__name__: condition for kind, condition in CONDITIONS.items()}
    return {
        name: {**_straight(schema), **conditions.get(name, {})} for name, schema in found.items()
    }


def failed_tickets(failed: Schema, *, of_operator: bool) -> Schema:
    """The schema of a ticket that failed, with the types and codes that it really may have."""
    if of_operator:
        types = {failure.type for failure in FAILURES.values()}
        codes = {failure.app_error_code for failure in FAILURES.values()}
    else:
        rows = [failed_ticket(TicketResult("", outcome, None)) for outcome in LOCKS | INVALID]
        types, codes = {row.type for row in rows}, {row.app_error_code for row in rows}
    members = {
        **failed["properties"],
        "type": {**failed["properties"]["type"], "enum": sorted(types)},
        "appErrorCode": {**failed["properties"]["appErrorCode"], "enum": sorted(codes)},
    }
    return {**failed, "properties": members}


def _of_our_own(kind: type) -> Schema:
    """The schema of a type that JSON has no word for."""
    if kind is Price:
        return {
            "type": "number",
            "minimum": 0,
            "exclusiveMaximum": int(PRICE_BELOW),
            "multipleOf": 10**FINEST_EXPONENT,
        }
    raise NotImplementedError(kind)


def _straight(schema: Schema) -> Schema:
    """A schema of msgspec's as a caller is to read it."""
    schema.pop("title", None)
    if "enum" in schema:
        schema = {"type": "string", **schema}
    if "description" in schema:
        schema["description"] = in_callers_words(schema["description"])
    for name, member in schema.get("properties", {}).items():
        schema["properties"][name] = _member(name, member)
    if not schema.get("required", True):
        del schema["required"]
    return schema


def _member(name: str, member: Schema) -> Schema:
    described = _plain(member)
    if name in FORMATS:
        described["format"] = FORMATS[name]
    return {**described, "description": MEANINGS[name]}


def _plain(schema: Schema) -> Schema:
    """Without defaults of null; decimals as the numbers as which they are written."""
    if schema.get("format") == "decimal":
        return {"type": "number"}
    if "anyOf" in schema:
        kept = [_plain(one) for one in schema["anyOf"]]
        if all("$ref" not in one for one in kept):
            return _or_null(kept)
        return {"anyOf": kept}
    if "enum" in schema:
        schema = {"type": "string", **schema}
    return {key: value for key, value in schema.items() if (key, value) != ("default", None)}


def _or_null(kinds: list[Schema]) -> Schema:
    """One kind or null, as one schema."""
    (kind,) = (one for one in kinds if one != NOTHING)
    if "enum" in kind:
        kind["enum"] = [*kind["enum"], None]
    return {**kind, "type": [kind["type"], "null"]}


def in_callers_words(docstring: str) -> str:
    """A docstring's first paragraph, with the members' names as they are sent."""
    first = " ".join(cleandoc(docstring).partition("\n\n")[0].split())
    return re.sub("`([a-z]+(?:_[a-z]+)+)`", lambda match: f"`{_camel(match[1])}`", first)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)
