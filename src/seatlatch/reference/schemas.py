"""From the types that the server uses to JSON Schema, with what each member means.

What no type says, because it is about several members, stands in `CONDITIONS`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
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
NULL: Schema = {"type": "null"}
"""What msgspec writes for `None`. The documents never contain it, see `_nullable`."""

CONDITIONS: Mapping[type, Schema] = {
    LockRequest: {
        "if": {"properties": {"source": {"enum": ["INDIVIDUAL", "BROKER"]}}},
        "then": {"required": ["seller"], "properties": {"seller": {"type": "object"}}},
    },
    AskedTickets: {
        "if": {"required": ["tokens"], "properties": {"tokens": {"type": "array"}}},
        "then": {"not": {"required": ["barcodes"], "properties": {"barcodes": {"type": "array"}}}},
        "else": {
            "required": ["barcodes", "accessId"],
            "properties": {"barcodes": {"type": "array"}, "accessId": {"type": "string"}},
        },
    },
    TokenRequest: {
        "if": {"properties": {"grantType": {"const": GrantType.AUTHORIZATION_CODE.value}}},
        "then": {"required": ["code"], "properties": {"code": {"type": "string"}}},
        "else": {"required": ["refreshToken"], "properties": {"refreshToken": {"type": "string"}}},
    },
    StatusRequest: {
        "if": {"properties": {"status": {"const": "LOCK"}}},
        "then": {"required": ["reason"], "properties": {"reason": {"type": "string"}}},
        "else": {
            "not": {
                "required": ["expiresInSeconds"],
                "properties": {"expiresInSeconds": {"type": "integer"}},
            }
        },
    },
}
"""What the handlers of these bodies check by hand: `api.lock`, `api.verify`, `api.token` and
`operator.schemas`.
"""


def reference_to(name: str) -> Schema:
    """A schema that stands among the components."""
    return {"$ref": PLACE + name}


def schemas_of(kinds: Sequence[Any]) -> dict[str, Schema]:
    """The schemas of types, and of the types that they contain, by name."""
    roots, found = msgspec.json.schema_components(
        kinds, schema_hook=_of_our_own, ref_template=PLACE + "{name}"
    )
    conditions = {kind.__name__: condition for kind, condition in CONDITIONS.items()}
    made = {
        name: {**_straight(schema, found), **conditions.get(name, {})}
        for name, schema in found.items()
    }
    used = _references([*roots, *made.values()])
    return {name: schema for name, schema in made.items() if name in used}


def _references(schemas: Iterable[Schema]) -> set[str]:
    """The names of the components that schemas refer to."""
    text = msgspec.json.encode(list(schemas)).decode()
    return set(re.findall(f'"{PLACE}([^"]+)"', text))


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


def _straight(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    """A schema of msgspec's as a caller is to read it."""
    made = {key: value for key, value in schema.items() if key != "title"}
    if "enum" in made:
        made = {"type": "string", **made}
    if "description" in made:
        made["description"] = in_callers_words(made["description"])
    if "properties" in made:
        made["properties"] = {
            name: _member(name, member, components) for name, member in made["properties"].items()
        }
    if not made.get("required", True):
        del made["required"]
    return made


def _member(name: str, member: Schema, components: Mapping[str, Schema]) -> Schema:
    described = _plain(member, components)
    if name in FORMATS:
        described["format"] = FORMATS[name]
    return {**described, "description": MEANINGS[name]}


def _plain(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    """Without defaults of null; decimals as the numbers as which they are written."""
    if schema.get("format") == "decimal":
        return {"type": "number"}
    if "anyOf" in schema:
        (kind,) = (one for one in schema["anyOf"] if one != NULL)
        return _nullable(kind, components)
    if "enum" in schema:
        schema = {"type": "string", **schema}
    return {key: value for key, value in schema.items() if (key, value) != ("default", None)}


def _nullable(kind: Schema, components: Mapping[str, Schema]) -> Schema:
    """One type or null, as one schema: most generators of clients cannot read `type: null` alone.

    A reference cannot be null as well, so the schema that it refers to is written out.
    """
    if "$ref" in kind:
        made = _straight(components[kind["$ref"].removeprefix(PLACE)], components)
    else:
        made = _plain(kind, components)
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    return {**made, "type": [made["type"], "null"]}


def in_callers_words(docstring: str) -> str:
    """A docstring's first paragraph, with the members' names as they are sent."""
    first = " ".join(cleandoc(docstring).partition("\n\n")[0].split())
    return re.sub("`([a-z]+(?:_[a-z]+)+)`", lambda match: f"`{_camel(match[1])}`", first)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)
