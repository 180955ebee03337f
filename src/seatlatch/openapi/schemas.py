"""JSON Schema of the types that the server uses, with the meaning of each member.

`CONDITIONS` has the rules about several members, which types cannot express.

See decisions 119 and 131.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any

import msgspec

from seatlatch.channel_api.schemas import AskedTickets, LockRequest, TokenRequest
from seatlatch.domain.outcome import INVALID, LOCKS, TicketResult
from seatlatch.domain.price import FINEST_EXPONENT, PRICE_BELOW, Price
from seatlatch.openapi.field_descriptions import FORMATS, MEANINGS, OWN_MEANINGS
from seatlatch.operations.exchange_tokens import GrantType
from seatlatch.operator_api.schemas import FilterBody, OverrideRequest, StatusRequest, VoidRequest
from seatlatch.operator_api.ticket_rows import FAILURES
from seatlatch.operator_api.webhook_schemas import ReplayRequest
from seatlatch.presentation.ticket_results import failed_ticket

Schema = dict[str, Any]

PLACE = "#/components/schemas/"
NULL: Schema = {"type": "null"}
"""The schema that msgspec makes for `None`. The documents never contain it, see `_nullable`."""

IS_DRY_RUN: Schema = {"required": ["dryRun"], "properties": {"dryRun": {"const": True}}}
HAS_CONFIRMATION: Schema = {
    "required": ["confirmation"],
    "properties": {"confirmation": {"type": "string"}},
}
TOKENS_OR_FILTER: Schema = {
    "if": {"required": ["tokens"], "properties": {"tokens": {"type": "array"}}},
    "then": {
        "not": {
            "anyOf": [
                {"required": ["filter"], "properties": {"filter": {"type": "object"}}},
                IS_DRY_RUN,
                HAS_CONFIRMATION,
            ]
        }
    },
    "else": {
        "required": ["filter"],
        "properties": {"filter": {"type": "object"}},
        "if": IS_DRY_RUN,
        "then": {"not": HAS_CONFIRMATION},
        "else": HAS_CONFIRMATION,
    },
}
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
        **TOKENS_OR_FILTER,
        "allOf": [
            {
                "if": {"properties": {"status": {"const": "LOCK"}}},
                "then": {"required": ["reason"], "properties": {"reason": {"type": "string"}}},
                "else": {
                    "not": {
                        "anyOf": [
                            {
                                "required": ["expiresInSeconds"],
                                "properties": {"expiresInSeconds": {"type": "integer"}},
                            },
                            {
                                "required": ["overListing"],
                                "properties": {"overListing": {"const": True}},
                            },
                        ]
                    }
                },
            }
        ],
    },
    ReplayRequest: {
        "not": {
            "required": ["messageIds", "since"],
            "properties": {"messageIds": {}, "since": {}},
        }
    },
    FilterBody: {"minProperties": 1},
    VoidRequest: TOKENS_OR_FILTER,
    OverrideRequest: TOKENS_OR_FILTER,
}
"""The rules that code checks, not a type: `lock`, `verify` and `token` in `channel_api`, and
`operator_api.schemas`.
"""


def reference_to(name: str) -> Schema:
    """A reference to a schema among the components."""
    return {"$ref": PLACE + name}


def schemas_of(kinds: Sequence[Any]) -> dict[str, Schema]:
    """The schemas of types, and of the types that they contain, by name."""
    roots, found = msgspec.json.schema_components(
        kinds, schema_hook=_own_type_schema, ref_template=PLACE + "{name}"
    )
    conditions = {kind.__name__: condition for kind, condition in CONDITIONS.items()}
    made = {
        name: {**_cleaned(schema, found), **conditions.get(name, {})}
        for name, schema in found.items()
    }
    used = _references([*roots, *made.values()])
    return {name: schema for name, schema in made.items() if name in used}


def _references(schemas: Iterable[Schema]) -> set[str]:
    """The names of the components that schemas refer to."""
    text = msgspec.json.encode(list(schemas)).decode()
    return set(re.findall(f'"{PLACE}([^"]+)"', text))


def parameter_schema(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    """The schema of a parameter. It contains the type that it refers to, if it does."""
    if "$ref" not in schema:
        return schema
    return {"type": "string", "enum": components[schema["$ref"].removeprefix(PLACE)]["enum"]}


def failed_tickets(failed: Schema, *, of_operator: bool) -> Schema:
    """The schema of a ticket that failed, with the types and codes that it can have."""
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


def _own_type_schema(kind: type) -> Schema:
    """The schema of a type that JSON does not have."""
    if kind is Price:
        return {
            "type": "number",
            "minimum": 0,
            "exclusiveMaximum": int(PRICE_BELOW),
            "multipleOf": 10**FINEST_EXPONENT,
        }
    raise NotImplementedError(kind)


def _cleaned(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    """A schema of msgspec in the form of the documents."""
    made = {key: value for key, value in schema.items() if key != "title"}
    title = schema.get("title", "")
    if "enum" in made:
        made = {"type": "string", **made}
    if "description" in made:
        made["description"] = description_from(made["description"])
    if "properties" in made:
        made["properties"] = {
            name: _member(title, name, member, components)
            for name, member in made["properties"].items()
        }
    if not made.get("required", True):
        del made["required"]
    return made


def _member(title: str, name: str, member: Schema, components: Mapping[str, Schema]) -> Schema:
    """A member of the type `title`."""
    described = _plain(member, components)
    if name in FORMATS:
        described["format"] = FORMATS[name]
    return {**described, "description": OWN_MEANINGS.get((title, name)) or MEANINGS[name]}


def _plain(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    """A schema without defaults of null, and with decimals as numbers, as they are written."""
    if schema.get("format") == "decimal":
        return {"type": "number"}
    if "anyOf" in schema:
        (kind,) = (one for one in schema["anyOf"] if one != NULL)
        return _nullable(kind, components)
    if "enum" in schema:
        schema = {"type": "string", **schema}
    return {key: value for key, value in schema.items() if (key, value) != ("default", None)}


def _nullable(kind: Schema, components: Mapping[str, Schema]) -> Schema:
    """One type or null, as one schema: most client generators do not support `type: null` alone.

    A reference cannot be nullable, so the schema that it refers to is repeated.
    """
    if "$ref" in kind:
        made = _cleaned(components[kind["$ref"].removeprefix(PLACE)], components)
    else:
        made = _plain(kind, components)
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    return {**made, "type": [made["type"], "null"]}


def description_from(docstring: str) -> str:
    """The first paragraph of a docstring, with the names of members as they are sent."""
    first = " ".join(cleandoc(docstring).partition("\n\n")[0].split())
    return re.sub("`([a-z]+(?:_[a-z]+)+)`", lambda match: f"`{_camel(match[1])}`", first)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)
