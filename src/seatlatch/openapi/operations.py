"""Operations of the OpenAPI documents, made from the declarations of the routes.

Source: the contract's table of HTTP status, for responses that list tickets.

See decisions 122 and 123.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from seatlatch.auth.address_limits import OF_CALLS, TOKEN_CALLS
from seatlatch.auth.rate_limit import rate_exceeded
from seatlatch.domain.refusal import InvalidRequest, RateExceeded, Refusal
from seatlatch.http.body import JsonBody, too_large
from seatlatch.http.middleware import INTERNAL_ERROR_MESSAGE
from seatlatch.http.problems import (
    ALL_LOCKED,
    INTERNAL_ERROR,
    NO_STORE,
    NONE_SUCCEEDED,
    PROBLEMS,
    PlainError,
)
from seatlatch.http.refusals import BodyTooLarge
from seatlatch.http.route_spec import RouteSpec
from seatlatch.openapi.examples.example import Example, Json
from seatlatch.openapi.field_descriptions import PARAMETERS, PATH_PARAMETERS
from seatlatch.openapi.headers import (
    COMMON_HEADERS,
    RATE_HEADERS,
    header_references,
    parameter_references,
)
from seatlatch.openapi.problems import (
    ALL_LOCKED_NAME,
    BEFORE_THE_ROUTE,
    EXAMPLES,
    JSON,
    LOCKED_OR_CHANGED_NAME,
    error_response,
    example_of,
    name_of,
)
from seatlatch.openapi.schemas import (
    PLACE,
    Schema,
    description_from,
    parameter_schema,
    reference_to,
)
from seatlatch.openapi.ticket_lists import TicketList

SITE = "/docs/reference/"
"""The path at which the pages of `docs/reference` are served."""


class Operation(NamedTuple):
    """A route with what its declaration does not contain: texts, the response, and examples.

    `page`: in the reference, with an anchor. `response` None = no body. `own_bodies`: the schemas
    by media type of a body that is not JSON of one type.
    """

    route: RouteSpec[Any]
    operation_id: str
    tag: str
    summary: str
    description: str
    page: str
    response: Any
    examples: Sequence[Example]
    own_bodies: Mapping[str, Schema] = {}

    @property
    def has_rate_headers(self) -> bool:
        """Whether its responses have the headers about the rate limit."""
        return self.route.access.rate_limit is not None

    @property
    def body_type(self) -> type[Any] | None:
        """The type of its JSON body, if it has one."""
        return self.route.body.shape if isinstance(self.route.body, JsonBody) else None


def operation_object(operation: Operation) -> Schema:
    """The operation in the document."""
    route = operation.route
    page = f"[The page of this call]({SITE}{operation.page})"
    text = f"{operation.description}{_role(route)}\n\n{page}"
    found: Schema = {
        "operationId": operation.operation_id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": text,
        "security": [{route.access.scheme: []}] if route.access.scheme else [],
        "parameters": [
            *_path_parameters(route),
            *_query_parameters(route.query),
            *parameter_references(route.headers),
        ],
        "responses": dict(sorted(_responses(operation).items())),
    }
    if route.body:
        found["requestBody"] = _request_body(operation)
    return found


def _role(route: RouteSpec[Any]) -> str:
    access = route.access
    if access.role is None:
        return ""
    limit = ", and is refused to keys that are limited to organizations"
    return f"\n\nNeeds the role `{access.role}`{limit * access.needs_all_organizations}."


def _responses(operation: Operation) -> dict[str, Schema]:
    """Every status that the route can return."""
    kinds = operation.route.refusals
    found = {str(PROBLEMS[kind].status): _refusal_response(operation, kind) for kind in kinds}
    found["500"] = _internal_error(operation)
    if operation.response is None:
        description = "The change is durable. The response has no body."
        headers = header_references(["Request-ID"])
        return {**found, "204": {"description": description, "headers": headers}}
    if not isinstance(operation.response, TicketList):
        status, schema = operation.route.status, reference_to(operation.response.__name__)
        return {**found, str(status): _success(operation, schema, status)}
    listed = operation.response
    many, noun = listed.plural, listed.noun
    locked = LOCKED_OR_CHANGED_NAME if listed.by_filter else ALL_LOCKED_NAME
    found["200"] = _success(operation, reference_to(many), 200, f"Every {noun} succeeded.")
    found["207"] = _success(operation, reference_to(f"Some{many}"), 207, f"Some {noun}s succeeded.")
    if listed.is_of_tickets:
        found["409"] = _none_succeeded(operation, 409, locked)
    found["422"] = _none_succeeded(operation, 422, listed.none_succeeded)
    return found


def _path_parameters(route: RouteSpec[Any]) -> list[Schema]:
    names = [value.name for value in route.path_values]
    return [
        {"name": name, "in": "path", "required": True, **PATH_PARAMETERS[name]} for name in names
    ]


def _query_parameters(query: Any) -> list[Schema]:
    if query is None:
        return []
    components = msgspec.json.schema_components([query], ref_template=PLACE + "{name}")[1]
    schema = components[query.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema["required"],
            "description": PARAMETERS[name],
            "schema": parameter_schema(member, components),
        }
        for name, member in schema["properties"].items()
    ]


def _request_body(operation: Operation) -> Schema:
    kind = operation.body_type
    bodies = operation.own_bodies if kind is None else {JSON: reference_to(kind.__name__)}
    content = {
        media_type: {"schema": schema, "examples": _request_examples(operation, media_type)}
        for media_type, schema in bodies.items()
    }
    description = f"At most {operation.route.body_bytes_max:,} bytes; a larger body is 413."
    return {"required": True, "description": description, "content": content}


def _request_examples(operation: Operation, media_type: str) -> Schema:
    write = _as_is if media_type == JSON else _as_lines
    return {
        example.name: {"summary": example.summary, "value": write(example.request)}
        for example in operation.examples
        if example.request is not None
    }


def _as_is(request: Json) -> Json:
    return request


def _as_lines(records: Iterable[Json]) -> str:
    return "\n".join(msgspec.json.encode(record).decode() for record in records)


def _response_examples(operation: Operation, status: int) -> dict[str, Json]:
    return {
        example.name: {"summary": example.summary, "value": example.response}
        for example in operation.examples
        if example.status == status
    }


def _success(operation: Operation, schema: Schema, status: int, description: str = "") -> Schema:
    headers = [*COMMON_HEADERS, *(RATE_HEADERS if operation.has_rate_headers else ())]
    headers += NO_STORE if is_not_stored(operation.route) else ()
    return {
        "description": description or description_from(operation.response.__doc__),
        "headers": header_references(headers),
        "content": {JSON: {"schema": schema, "examples": _response_examples(operation, status)}},
    }


def is_not_stored(route: RouteSpec[Any]) -> bool:
    """Whether no cache may store the response of a success."""
    return route.has_plain_errors or route.has_secrets


def _refusal_response(operation: Operation, kind: type[Refusal]) -> Schema:
    """One error. All operations share it, except the token call with its plain errors."""
    problem, route = PROBLEMS[kind], operation.route
    if not route.has_plain_errors or kind in BEFORE_THE_ROUTE:
        return {"$ref": f"#/components/responses/{name_of(problem)}"}
    own_examples: Mapping[type[Refusal], Refusal] = {
        BodyTooLarge: too_large(route.body_bytes_max),
        RateExceeded: rate_exceeded(OF_CALLS, TOKEN_CALLS, 1),
    }
    refusal = own_examples.get(kind) or EXAMPLES[kind]
    example = example_of(problem, refusal.message, plain=True)
    return error_response(problem, refusal, PlainError.__name__, example, plain=True)


def _internal_error(operation: Operation) -> Schema:
    if not operation.route.has_plain_errors:
        return {"$ref": f"#/components/responses/{name_of(INTERNAL_ERROR)}"}
    example = example_of(INTERNAL_ERROR, INTERNAL_ERROR_MESSAGE, plain=True)
    return error_response(INTERNAL_ERROR, None, PlainError.__name__, example, plain=True)


def _none_succeeded(operation: Operation, status: int, name: str) -> Schema:
    """409 or 422 of a list. A 422 may also be about the whole body."""
    problem = ALL_LOCKED if status == ALL_LOCKED.status else NONE_SUCCEEDED
    examples, meaning = _response_examples(operation, status), problem.meaning
    if name == LOCKED_OR_CHANGED_NAME:
        meaning = f"{meaning} Or `CONFLICT`, with `count`: other tickets match than in the dry run."
    if not operation.response.is_of_tickets:
        meaning = meaning.replace("token", operation.response.noun)
    wrong_shape = PROBLEMS[InvalidRequest]
    if status == wrong_shape.status:
        examples |= example_of(wrong_shape, EXAMPLES[InvalidRequest].message)
        meaning = f"{meaning} Or there is no `failure`: {wrong_shape.meaning}"
    rated = operation.has_rate_headers
    return error_response(problem, None, name, examples, rated=rated, meaning=meaning)
