"""The errors as the OpenAPI documents tell them: for each status the types, bodies and headers.

Made from the error catalogue, `api.problems`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from seatlatch.api.body import misshapen
from seatlatch.api.frame import PlainRoute
from seatlatch.api.problems import (
    ALL_LOCKED,
    INTERNAL_ERROR,
    NONE_SUCCEEDED,
    PROBLEMS,
    Advice,
    Problem,
    error_headers,
    error_json,
    plain_error_json,
)
from seatlatch.api.refusals import (
    AnswerNotAcceptable,
    BodyTooLarge,
    HeadTooLarge,
    MalformedRequest,
    MediaTypeUnsupported,
    MethodNotAllowed,
    RequestTooSlow,
    RouteUnknown,
)
from seatlatch.api.request_parser import head_too_large
from seatlatch.api.routes import TICKETS_BODY_BYTES_MAX, too_large
from seatlatch.api.schemas import FailedTicket
from seatlatch.domain.refusal import (
    ChannelNotAllowed,
    InvalidRequest,
    NotAuthenticated,
    PlaceLost,
    RateExceeded,
    Refusal,
    Unavailable,
)
from seatlatch.reference.headers import (
    ON_EVERY_ANSWER,
    TOLD_OF_THE_RATE,
    header_references,
)
from seatlatch.reference.schemas import Schema, reference_to

JSON = "application/json"
INTERNAL = "An error on our side. It is logged under this Request-ID."

_EXAMPLES: tuple[Refusal, ...] = (
    MalformedRequest("The header Request-ID is absent. Send a UUID version 4."),
    NotAuthenticated(
        "The access token in Authorization has expired or was revoked. Get a new one.",
        token_sent=True,
    ),
    ChannelNotAllowed("PAC-Channel-Code is not the channel of this PAC-Application-ID."),
    RouteUnknown("There is no request of this Request-ID. Look whether it is spelt right."),
    MethodNotAllowed("This path takes PUT.", allow="PUT"),
    AnswerNotAcceptable("Answers are application/json; let Accept admit it."),
    RequestTooSlow("The request stopped coming before it was whole."),
    PlaceLost(
        "Events after this cursor were pruned away. Read the tickets' state by"
        " /v1/tickets/verify, and start again with after=latest or without after."
    ),
    too_large(TICKETS_BODY_BYTES_MAX),
    MediaTypeUnsupported("Send the body as Content-Type: application/json."),
    misshapen("Object missing required field `tokens`"),
    RateExceeded(
        "More than 200 changes a second (burst 400). Wait as Retry-After says, then go on.",
        retry_after_seconds=1,
    ),
    head_too_large(),
    Unavailable("The database did not confirm. Send the request again."),
)

EXAMPLES: Mapping[type[Refusal], Refusal] = {type(one): one for one in _EXAMPLES}
"""A refusal of each kind, as somebody may be told it."""

EVERYWHERE = (
    *(MalformedRequest, NotAuthenticated, MethodNotAllowed, AnswerNotAcceptable),
    *(RateExceeded, RequestTooSlow, BodyTooLarge, HeadTooLarge, Unavailable),
)
"""What every call may be refused for."""

WITH_A_BODY = (MediaTypeUnsupported, InvalidRequest)
OF_A_CHANNEL = (ChannelNotAllowed,)

BEFORE_THE_RATE = frozenset(
    {NotAuthenticated, ChannelNotAllowed, MethodNotAllowed, RequestTooSlow, HeadTooLarge}
)
"""What is refused before a request is counted, so that nothing is told of the rate."""

BEFORE_THE_ROUTE = frozenset({RequestTooSlow, HeadTooLarge})
"""What is answered before it is known which call is asked for."""


ALL_LOCKED_NAME, NONE_SUCCEEDED_NAME = "AllLocked", "NoneSucceeded"
"""What the bodies of those are called of which no ticket succeeded."""


def name_of(problem: Problem) -> str:
    """What an error is called among the components."""
    return problem.type.title().replace("_", "")


def error_schemas(error_body: Schema, problems: Iterable[Problem]) -> dict[str, Schema]:
    """The whole body of each error, with its exact type and code, by name."""
    return {name_of(problem): _error(error_body, problem) for problem in problems}


def failed_schemas(error_body: Schema) -> dict[str, Schema]:
    """The bodies of those of which no ticket succeeded."""
    failure = {
        "failure": {
            "type": "array",
            "items": reference_to(FailedTicket.__name__),
            "minItems": 1,
            "description": "Why each ticket failed, in the order of the request.",
        }
    }
    locked, none = _error(error_body, ALL_LOCKED), _error(error_body, NONE_SUCCEEDED)
    none["description"] = (
        "No ticket succeeded, and `failure` says why for each; or, without `failure`, the body has"
        " the wrong shape or size."
    )
    for schema in (locked, none):
        schema["properties"] = {**schema["properties"], **failure}
    locked["required"] = ["error", "failure"]
    return {ALL_LOCKED_NAME: locked, NONE_SUCCEEDED_NAME: none}


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
                "description": "Why the request failed.",
            }
        },
        "required": ["error"],
    }


def advice_for(problem: Problem, *, plain: bool) -> Advice:
    """The catalogue's advice. Of the token call (`plain`) a second use of a secret ends all tokens
    that came of it, so it is sent again once.
    """
    advice = problem.advice
    return advice._replace(retry_count="1") if plain and advice.retry_possible else advice


def in_words(advice: Advice) -> str:
    """Retry advice in one line, in the document's columns."""
    possible = "yes" if advice.retry_possible else "no"
    return (
        f"Retry possible: {possible}. Retry count: {advice.retry_count}."
        f" Ultimate action: {advice.ultimate_action}."
    )


def retry(advice: Advice) -> dict[str, Any]:
    """The same for programs, as an extension of the document."""
    possible, count, action, wait = advice
    return {"possible": possible, "count": count, "wait": wait, "action": action}


def response(
    problem: Problem,
    refusal: Refusal | None,
    schema: str,
    examples: Mapping[str, Any],
    *,
    rated: bool = False,
    plain: bool = False,
    meaning: str = "",
) -> Schema:
    """The answer that tells an error. `rated`: its call tells of the rate; `plain`: the token
    call's. `meaning`: what it means here, if that is more than the catalogue says.
    """
    headers = [*ON_EVERY_ANSWER, *(error_headers(refusal) if refusal else ())]
    if rated and (refusal is None or type(refusal) not in BEFORE_THE_RATE):
        headers += TOLD_OF_THE_RATE
    if plain:
        headers += PlainRoute.HEADERS
    advice = advice_for(problem, plain=plain)
    return {
        "description": f"`{problem.type}`: {meaning or problem.meaning} {in_words(advice)}",
        "headers": header_references(headers),
        "content": {JSON: {"schema": reference_to(schema), "examples": dict(examples)}},
        "x-retry": retry(advice),
    }


def example_of(problem: Problem, message: str, *, plain: bool = False) -> dict[str, Any]:
    """An error's example, by the name of its case."""
    told = plain_error_json(message) if plain else error_json(problem, message)
    value = msgspec.json.decode(told)
    return {problem.type: {"summary": problem.meaning, "value": value}}


def response_components(kinds: Iterable[type[Refusal]], *, rated: bool) -> dict[str, Schema]:
    """The answers that refusals of these kinds get, and a bug of ours, by name."""
    found = {}
    for kind in kinds:
        problem, refusal = PROBLEMS[kind], EXAMPLES[kind]
        name, example = name_of(problem), example_of(problem, refusal.message)
        found[name] = response(problem, refusal, name, example, rated=rated)
    name, example = name_of(INTERNAL_ERROR), example_of(INTERNAL_ERROR, INTERNAL)
    return {**found, name: response(INTERNAL_ERROR, None, name, example, rated=rated)}
