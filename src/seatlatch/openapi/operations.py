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
    NONE_SUCCEEDED_NAME,
    error_response,
    example_of,
    name_of,
)
from seatlatch.openapi.schemas import Schema, description_from, reference_to
from seatlatch.presentation.schemas import TicketResults

SITE = "/docs/reference/"
"""The path at which the pages of `docs/reference` are served."""

IN_207_ONLY = "In a 207 only, for clients that decode it with the schema of 200. "
"""Generated clients for Go, Java and Kotlin decode every 2xx with the schema of the first one."""


class TicketList(NamedTuple):
    """A response that lists tickets; `plural` is the name of a list of its entries."""

    row: Any
    plural: str


class Operation(NamedTuple):
    """A route with what its declaration does not contain: texts, the response, and examples.

    `page`: in the reference, with an anchor. `own_bodies`: the schemas by media type of a body
    that is not JSON of one type.
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
    text = f"{operation.description}\n\n[The page of this call]({SITE}{operation.page})"
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


def _responses(operation: Operation) -> dict[str, Schema]:
    """Every status that the route can return."""
    kinds = operation.route.refusals
    found = {str(PROBLEMS[kind].status): _refusal_response(operation, kind) for kind in kinds}
    found["500"] = _internal_error(operation)
    if not isinstance(operation.response, TicketList):
        schema = reference_to(operation.response.__name__)
        return {**found, "200": _success(operation, schema, 200)}
    _, many = operation.response
    found["200"] = _success(operation, reference_to(many), 200, "Every ticket succeeded.")
    found["207"] = _success(operation, reference_to(f"Some{many}"), 207, "Some tickets succeeded.")
    found["409"] = _none_succeeded(operation, 409, ALL_LOCKED_NAME)
    found["422"] = _none_succeeded(operation, 422, NONE_SUCCEEDED_NAME)
    return found


def results_schema_name(response: TicketList) -> str:
    """The name that msgspec gives to the schema of `TicketResults` with these entries."""
    return f"{TicketResults.__name__}_{response.row.__name__}_"


def list_schemas(response: TicketList, bodies: Mapping[str, Schema]) -> dict[str, Schema]:
    """The schemas of 200 and 207, made from the schema of `TicketResults`."""
    members = bodies[results_schema_name(response)]["properties"]
    success = {**members["success"], "minItems": 1}
    failure = {**members["failure"], "minItems": 1}
    in_200 = {**failure, "description": IN_207_ONLY + failure["description"]}
    return {
        response.plural: {
            "description": "Every ticket succeeded.",
            "type": "object",
            "properties": {"success": success, "failure": in_200},
            "required": ["success"],
        },
        f"Some{response.plural}": {
            "description": "Some tickets succeeded, and some failed.",
            "type": "object",
            "properties": {"success": success, "failure": failure},
            "required": ["success", "failure"],
        },
    }


def _path_parameters(route: RouteSpec[Any]) -> list[Schema]:
    if route.path_value is None:
        return []
    name = route.path_value.name
    return [{"name": name, "in": "path", "required": True, **PATH_PARAMETERS[name]}]


def _query_parameters(query: Any) -> list[Schema]:
    if query is None:
        return []
    schema = msgspec.json.schema_components([query])[1][query.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema["required"],
            "description": PARAMETERS[name],
            "schema": member,
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
    headers += NO_STORE if operation.route.has_plain_errors else ()
    return {
        "description": description or description_from(operation.response.__doc__),
        "headers": header_references(headers),
        "content": {JSON: {"schema": schema, "examples": _response_examples(operation, status)}},
    }


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
    wrong_shape = PROBLEMS[InvalidRequest]
    if status == wrong_shape.status:
        examples |= example_of(wrong_shape, EXAMPLES[InvalidRequest].message)
        meaning = f"{meaning} Or there is no `failure`: {wrong_shape.meaning}"
    rated = operation.has_rate_headers
    return error_response(problem, None, name, examples, rated=rated, meaning=meaning)
