"""One call as the OpenAPI documents tell it, and how it becomes an operation.

The statuses of lists of tickets are the contract's table of HTTP status.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from seatlatch.api.frame import PlainRoute
from seatlatch.api.headers import Rule
from seatlatch.api.problems import ALL_LOCKED, INTERNAL_ERROR, NONE_SUCCEEDED, PROBLEMS
from seatlatch.api.refusals import BodyTooLarge
from seatlatch.api.routes import SMALL_BODY_BYTES_MAX, too_large
from seatlatch.api.schemas import PlainError
from seatlatch.auth.address_limits import OF_CALLS, TOKEN_CALLS
from seatlatch.auth.rate_limit import rate_exceeded
from seatlatch.domain.refusal import ChannelNotAllowed, InvalidRequest, RateExceeded, Refusal
from seatlatch.reference.examples import Body, Example
from seatlatch.reference.headers import (
    ON_EVERY_ANSWER,
    TOLD_OF_THE_RATE,
    header_references,
    parameter_references,
)
from seatlatch.reference.members import PARAMETERS
from seatlatch.reference.problems import (
    ALL_LOCKED_NAME,
    BEFORE_THE_ROUTE,
    EXAMPLES,
    INTERNAL,
    JSON,
    NONE_SUCCEEDED_NAME,
    example_of,
    name_of,
    response,
)
from seatlatch.reference.schemas import Schema, in_callers_words, reference_to

SITE = "/docs/reference/"
"""Where the pages of `docs/reference` are served."""

IN_207_ONLY = "In a 207 only, for clients that read it by the schema of 200. "
"""Generated clients for Go, Java and Kotlin read every 2xx by the schema of the first one."""


class Listed(NamedTuple):
    """An answer that lists tickets; `plural` is what many of its rows are called."""

    row: Any
    plural: str


class Call(NamedTuple):
    """One call. `rules` of its headers; `refusals`: every kind that it can be answered with.

    `bodies` by media type, a type or a schema. `page` of the reference, with an anchor.
    """

    method: str
    path: str
    operation_id: str
    tag: str
    summary: str
    description: str
    page: str
    rules: Sequence[Rule]
    refusals: Sequence[type[Refusal]]
    answer: Any
    examples: Sequence[Example]
    bodies: Mapping[str, Any] = {}
    body_bytes_max: int = SMALL_BODY_BYTES_MAX
    query: Any = None
    path_parameters: Mapping[str, Schema] = {}
    security: str | None = None
    plain: bool = False

    @property
    def is_rated(self) -> bool:
        """Whether its answers tell of the rate."""
        return ChannelNotAllowed in self.refusals


def operation(call: Call) -> Schema:
    """The operation of a call."""
    found: Schema = {
        "operationId": call.operation_id,
        "tags": [call.tag],
        "summary": call.summary,
        "description": f"{call.description}\n\n[The page of this call]({SITE}{call.page})",
        "security": [{call.security: []}] if call.security else [],
        "parameters": [
            *_path_parameters(call),
            *_query_parameters(call.query),
            *parameter_references(call.rules),
        ],
        "responses": dict(sorted(responses(call).items())),
    }
    if call.bodies:
        found["requestBody"] = _request_body(call)
    return found


def responses(call: Call) -> dict[str, Schema]:
    """Every status that a call can answer with."""
    found = {str(PROBLEMS[kind].status): _refused(call, kind) for kind in call.refusals}
    found["500"] = _internal(call)
    if not isinstance(call.answer, Listed):
        return {**found, "200": _success(call, reference_to(call.answer.__name__), 200)}
    _, many = call.answer
    found["200"] = _success(call, reference_to(many), 200, "Every ticket succeeded.")
    found["207"] = _success(call, reference_to(f"Some{many}"), 207, "Some tickets succeeded.")
    found["409"] = _failed(call, 409, ALL_LOCKED_NAME)
    found["422"] = _failed(call, 422, NONE_SUCCEEDED_NAME)
    return found


def list_schemas(answer: Listed, bodies: Mapping[str, Schema]) -> dict[str, Schema]:
    """The bodies of 200 and 207, made of the body that all answers have."""
    members = bodies[f"Answer_{answer.row.__name__}_"]["properties"]
    success = {**members["success"], "minItems": 1}
    failure = {**members["failure"], "minItems": 1}
    in_200 = {**failure, "description": IN_207_ONLY + failure["description"]}
    return {
        answer.plural: {
            "description": "Every ticket succeeded.",
            "type": "object",
            "properties": {"success": success, "failure": in_200},
            "required": ["success"],
        },
        f"Some{answer.plural}": {
            "description": "Some tickets succeeded, and some failed.",
            "type": "object",
            "properties": {"success": success, "failure": failure},
            "required": ["success", "failure"],
        },
    }


def _path_parameters(call: Call) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, **parameter}
        for name, parameter in call.path_parameters.items()
    ]


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


def _request_body(call: Call) -> Schema:
    content = {}
    for media_type, body in call.bodies.items():
        described = body if isinstance(body, dict) else {"schema": reference_to(body.__name__)}
        content[media_type] = {**described, "examples": _requests(call.examples)}
        if media_type != JSON:
            content[media_type]["examples"] = _lines(call.examples)
    description = f"At most {call.body_bytes_max:,} bytes; a larger body is 413."
    return {"required": True, "description": description, "content": content}


def _requests(examples: Iterable[Example]) -> Schema:
    return {
        example.name: {"summary": example.summary, "value": example.request}
        for example in examples
        if example.request is not None
    }


def _lines(examples: Iterable[Example]) -> Schema:
    """The same where each line is a record."""
    return {
        example.name: {
            "summary": example.summary,
            "value": "\n".join(msgspec.json.encode(record).decode() for record in example.request),
        }
        for example in examples
        if example.request is not None
    }


def _answers(call: Call, status: int) -> dict[str, Body]:
    return {
        example.name: {"summary": example.summary, "value": example.answer}
        for example in call.examples
        if example.status == status
    }


def _success(call: Call, schema: Schema, status: int, description: str = "") -> Schema:
    headers = [*ON_EVERY_ANSWER, *(TOLD_OF_THE_RATE if call.is_rated else ())]
    headers += PlainRoute.HEADERS if call.plain else ()
    return {
        "description": description or in_callers_words(call.answer.__doc__),
        "headers": header_references(headers),
        "content": {JSON: {"schema": schema, "examples": _answers(call, status)}},
    }


def _refused(call: Call, kind: type[Refusal]) -> Schema:
    """One error. All calls have it alike, but for the token call."""
    problem = PROBLEMS[kind]
    if not call.plain or kind in BEFORE_THE_ROUTE:
        return {"$ref": f"#/components/responses/{name_of(problem)}"}
    refusal = _of_the_token_call(call).get(kind) or EXAMPLES[kind]
    example = example_of(problem, refusal.message, plain=True)
    return response(problem, refusal, PlainError.__name__, example, plain=True)


def _of_the_token_call(call: Call) -> Mapping[type[Refusal], Refusal]:
    """Refusals whose text differs from that of all other calls."""
    return {
        BodyTooLarge: too_large(call.body_bytes_max),
        RateExceeded: rate_exceeded(OF_CALLS, TOKEN_CALLS, 1),
    }


def _internal(call: Call) -> Schema:
    if not call.plain:
        return {"$ref": f"#/components/responses/{name_of(INTERNAL_ERROR)}"}
    example = example_of(INTERNAL_ERROR, INTERNAL, plain=True)
    return response(INTERNAL_ERROR, None, PlainError.__name__, example, plain=True)


def _failed(call: Call, status: int, name: str) -> Schema:
    """409 or 422 of a list. The latter may also be about the body as a whole."""
    problem = ALL_LOCKED if status == ALL_LOCKED.status else NONE_SUCCEEDED
    examples, meaning = _answers(call, status), problem.meaning
    misshapen = PROBLEMS[InvalidRequest]
    if status == misshapen.status:
        examples |= example_of(misshapen, EXAMPLES[InvalidRequest].message)
        meaning = f"{meaning} Or there is no `failure`: {misshapen.meaning}"
    return response(problem, None, name, examples, rated=call.is_rated, meaning=meaning)
