"""Errors in the OpenAPI documents: for each status the types, bodies and headers.

Made from the error catalogue, `http.problems`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from seatlatch.domain.refusal import (
    ChannelNotAllowed,
    Conflict,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PlaceLost,
    RateExceeded,
    Refusal,
    Unavailable,
)
from seatlatch.http.body import TICKETS_BODY_BYTES_MAX, misshapen, too_large
from seatlatch.http.middleware import INTERNAL_ERROR_MESSAGE
from seatlatch.http.problems import (
    ALL_LOCKED,
    INTERNAL_ERROR,
    NO_STORE,
    NONE_SUCCEEDED,
    PROBLEMS,
    Advice,
    Problem,
    error_headers,
    error_json,
    plain_error_json,
)
from seatlatch.http.refusals import (
    HeadTooLarge,
    MalformedRequest,
    MediaTypeUnsupported,
    MethodNotAllowed,
    RequestTooSlow,
    ResponseNotAcceptable,
    RouteUnknown,
)
from seatlatch.http.request_parser import head_too_large
from seatlatch.openapi.headers import (
    COMMON_HEADERS,
    RATE_HEADERS,
    header_references,
)
from seatlatch.openapi.schemas import Schema, reference_to
from seatlatch.presentation.schemas import FailedTicket

JSON = "application/json"

_EXAMPLES: tuple[Refusal, ...] = (
    MalformedRequest("The header Request-ID is absent. Send a UUID version 4."),
    NotAuthenticated(
        "The access token in Authorization has expired or was revoked. Get a new one.",
        token_sent=True,
    ),
    ChannelNotAllowed("PAC-Channel-Code is not the channel of this PAC-Application-ID."),
    NotPermitted("This request needs the role box_office; this key has the role support."),
    RouteUnknown("There is no request with this Request-ID. Check its spelling."),
    NotFound("There is no channel another-marketplace."),
    Conflict("The channel another-marketplace is there already."),
    MethodNotAllowed("The methods of this path are PUT.", allow="PUT"),
    ResponseNotAcceptable("Responses are application/json; the Accept header must allow it."),
    RequestTooSlow("The request stopped before it was complete."),
    PlaceLost(
        "Events after this cursor were pruned away. Read the tickets' state by"
        " /v1/tickets/verify, and start again with after=latest or without after."
    ),
    Conflict("The channel my-channel is there already."),
    too_large(TICKETS_BODY_BYTES_MAX),
    MediaTypeUnsupported("Send the body as Content-Type: application/json."),
    misshapen("Object missing required field `tokens`"),
    RateExceeded(
        "More than 200 changes a second (burst 400)."
        " Wait for the seconds in Retry-After, then retry.",
        retry_after_seconds=1,
    ),
    head_too_large(),
    Unavailable("The database did not confirm. Retry the request."),
)

EXAMPLES: Mapping[type[Refusal], Refusal] = {type(one): one for one in _EXAMPLES}
"""An example of each refusal."""

BEFORE_THE_RATE = frozenset(
    {
        NotAuthenticated,
        ChannelNotAllowed,
        NotPermitted,
        MethodNotAllowed,
        RequestTooSlow,
        HeadTooLarge,
    }
)
"""Refusals before a request is counted. Their responses have no headers about the rate limit."""

BEFORE_THE_ROUTE = frozenset({RequestTooSlow, HeadTooLarge})
"""Refusals before the route is known."""


ALL_LOCKED_NAME, NONE_SUCCEEDED_NAME = "AllLocked", "NoneSucceeded"
LOCKED_OR_CHANGED_NAME = "AllLockedOrChanged"
"""The names of the bodies for requests in which no ticket succeeded."""


def name_of(problem: Problem) -> str:
    """The name of an error among the components."""
    return problem.type.title().replace("_", "")


def error_schemas(error_body: Schema, problems: Iterable[Problem]) -> dict[str, Schema]:
    """The whole body of each error, with its exact type and code, by name."""
    return {name_of(problem): _error(error_body, problem) for problem in problems}


def all_locked_schemas(error_body: Schema, *, by_filter: bool) -> dict[str, Schema]:
    """The bodies for requests in which every ticket is locked. `by_filter`: with the body of 409 if
    other tickets match than in a dry run.
    """
    locked = _error(error_body, ALL_LOCKED)
    locked["properties"]["failure"] = _failures(FailedTicket.__name__, "ticket")
    either = _locked_or_changed(locked)
    locked["required"] = ["error", "failure"]
    found = {ALL_LOCKED_NAME: locked}
    return {**found, LOCKED_OR_CHANGED_NAME: either} if by_filter else found


def none_succeeded_schema(error_body: Schema, failed: str, noun: str) -> Schema:
    """The body for requests in which nothing succeeded. `failed`: the schema of a failure."""
    none = _error(error_body, NONE_SUCCEEDED)
    none["properties"]["failure"] = _failures(failed, noun)
    none["description"] = (
        f"No {noun} succeeded, and `failure` has the reason for each; or there is no `failure`, and"
        " the body has the wrong shape or size."
    )
    return none


def _failures(failed: str, noun: str) -> Schema:
    return {
        "type": "array",
        "items": reference_to(failed),
        "minItems": 1,
        "description": f"The reason for each {noun}, in the order of the request.",
    }


def _locked_or_changed(locked: Schema) -> Schema:
    error = locked["properties"]["error"]
    kind = {key: value for key, value in error["properties"]["type"].items() if key != "const"}
    types = {**kind, "enum": [ALL_LOCKED.type, PROBLEMS[Conflict].type]}
    count = {"type": "integer", "description": "With `CONFLICT`: how many tickets match now."}
    return {
        **locked,
        "description": f"{locked['description']} Or other tickets match than in the dry run.",
        "properties": {
            **locked["properties"],
            "error": {**error, "properties": {**error["properties"], "type": types}},
            "count": count,
        },
    }


def _error(error_body: Schema, problem: Problem) -> Schema:
    exact = {"type": problem.type, "appErrorCode": problem.app_error_code}
    members = {
        name: {**member, "const": exact[name]} if name in exact else member
        for name, member in error_body["properties"].items()
    }
    return {
        "description": problem.meaning,
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": members,
                "required": error_body["required"],
                "description": "The reason why the request failed.",
            }
        },
        "required": ["error"],
    }


def advice_for(problem: Problem, *, plain: bool) -> Advice:
    """The catalogue's advice. The token call (`plain`) may be retried only once: a second use of a
    secret revokes all tokens that were issued from it.
    """
    advice = problem.advice
    return advice._replace(retry_count="1") if plain and advice.retry_possible else advice


def in_words(advice: Advice) -> str:
    """Retry advice in one line, with the document's column names."""
    possible = "yes" if advice.retry_possible else "no"
    return (
        f"Retry possible: {possible}. Retry count: {advice.retry_count}."
        f" Ultimate action: {advice.ultimate_action}."
    )


def retry(advice: Advice) -> dict[str, Any]:
    """Retry advice for programs, as an extension of the document."""
    possible, count, action, wait = advice
    return {"possible": possible, "count": count, "wait": wait, "action": action}


def error_response(
    problem: Problem,
    refusal: Refusal | None,
    schema: str,
    examples: Mapping[str, Any],
    *,
    rated: bool = False,
    plain: bool = False,
    meaning: str = "",
) -> Schema:
    """The response of an error. `rated`: it has headers about the rate limit; `plain`: it is the
    token call's. `meaning`: the meaning here, if it differs from the catalogue.
    """
    headers = [*COMMON_HEADERS, *(error_headers(refusal) if refusal else ())]
    if rated and (refusal is None or type(refusal) not in BEFORE_THE_RATE):
        headers += RATE_HEADERS
    if plain:
        headers += NO_STORE
    advice = advice_for(problem, plain=plain)
    return {
        "description": f"`{problem.type}`: {meaning or problem.meaning} {in_words(advice)}",
        "headers": header_references(headers),
        "content": {JSON: {"schema": reference_to(schema), "examples": dict(examples)}},
        "x-retry": retry(advice),
    }


def example_of(problem: Problem, message: str, *, plain: bool = False) -> dict[str, Any]:
    """An example of an error, by name."""
    body = plain_error_json(message) if plain else error_json(problem, message)
    value = msgspec.json.decode(body)
    return {problem.type: {"summary": problem.meaning, "value": value}}


def response_components(kinds: Iterable[type[Refusal]], *, rated: bool) -> dict[str, Schema]:
    """The responses to refusals of these kinds, and to a bug, by name."""
    found = {}
    for kind in kinds:
        problem, refusal = PROBLEMS[kind], EXAMPLES[kind]
        name, example = name_of(problem), example_of(problem, refusal.message)
        found[name] = error_response(problem, refusal, name, example, rated=rated)
    name, example = name_of(INTERNAL_ERROR), example_of(INTERNAL_ERROR, INTERNAL_ERROR_MESSAGE)
    return {**found, name: error_response(INTERNAL_ERROR, None, name, example, rated=rated)}
