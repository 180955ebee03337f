"""The two OpenAPI 3.1 documents: `/v1` with its webhooks, and `/operator/v1`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from seatlatch import __version__
from seatlatch.api.frame import PlainRoute
from seatlatch.api.headers import Rule
from seatlatch.api.problems import INTERNAL_ERROR, PROBLEMS, error_headers
from seatlatch.api.schemas import Answer, ErrorBody, FailedTicket, PlainError
from seatlatch.domain.refusal import Refusal
from seatlatch.operator.schemas import RecordBody
from seatlatch.reference import box_office, channel
from seatlatch.reference.calls import Call, Listed, list_schemas, operation
from seatlatch.reference.headers import (
    ON_EVERY_ANSWER,
    TOLD_OF_THE_RATE,
    header_components,
    parameter_components,
)
from seatlatch.reference.problems import (
    BEFORE_THE_ROUTE,
    EXAMPLES,
    error_schemas,
    failed_schemas,
    response_components,
)
from seatlatch.reference.schemas import Schema, failed_tickets, schemas_of
from seatlatch.reference.webhooks import seats_changed
from seatlatch.webhooks.message import SeatsMessage

INDEPENDENT = (
    "An independent project: compatible with the Paciolan Link API's public document, and not"
    " affiliated to Paciolan."
)

DESCRIPTION = f"""\
Lock and unlock tickets that are listed at a marketplace, ticket by ticket. {INDEPENDENT}

Every answer says by its status what became of a list: 200 all succeeded, 207 some, 409 none
because each is locked, 422 none. Errors have a `type`; by it decide what to do. `x-retry` says of
each error whether the same request may be sent again, how often, and after what wait.

Send `Accept: application/json`. `Accept-Encoding: gzip` is supported. The examples of
locks, unlocks and verifies are answered to the letter by a sandbox that was just started, and their
credentials are the sandbox's."""

OPERATOR_DESCRIPTION = f"""\
The ticketing system's own door: put tickets, hold seats, release, unlock and void them, and look up
who did what. {INDEPENDENT}

Lists are answered ticket by ticket: 200 all succeeded, 207 some, 409 none because each is locked,
422 none. `x-retry` says of each error whether the same request may be sent again, how often, and
after what wait."""


@cache
def channel_document() -> Schema:
    """The document of `/v1`."""
    bearer = {"type": "http", "scheme": "bearer", "description": "An access token."}
    found = _document(
        "seatlatch",
        DESCRIPTION,
        channel.TAGS,
        channel.CALLS,
        {channel.ACCESS_TOKEN: bearer},
        of_operator=False,
        more=[PlainError, SeatsMessage],
    )
    found["webhooks"] = {"seatsChanged": seats_changed()}
    return found


@cache
def operator_document() -> Schema:
    """The document of `/operator/v1`."""
    bearer = {"type": "http", "scheme": "bearer", "description": "An operator's key."}
    return _document(
        "seatlatch for the box office",
        OPERATOR_DESCRIPTION,
        box_office.TAGS,
        box_office.CALLS,
        {box_office.OPERATOR_KEY: bearer},
        of_operator=True,
        more=[RecordBody],
    )


DOCUMENTS: Mapping[str, Callable[[], Schema]] = {
    "/openapi.json": channel_document,
    "/operator/openapi.json": operator_document,
}
"""By the path at which each is served."""


def as_json(make: Callable[[], Schema], root_path: str = "") -> bytes:
    """A document as it is served below `root_path`, the path under which a proxy publishes it."""
    document = make()
    (server,) = document["servers"]
    return msgspec.json.encode({**document, "servers": [{**server, "url": root_path or "/"}]})


def _document(
    title: str,
    description: str,
    tags: Mapping[str, str],
    calls: Sequence[Call],
    security: Schema,
    *,
    of_operator: bool,
    more: Iterable[Any],
) -> Schema:
    paths: dict[str, Schema] = {}
    for call in calls:
        paths.setdefault(call.path, {})[call.method.lower()] = operation(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": __version__,
            "summary": "A ticket-inventory unlock service",
            "description": description,
            "contact": {"name": "The seatlatch project"},
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that this document came from"}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths,
        "components": {
            "securitySchemes": security,
            "parameters": parameter_components(_rules(calls)),
            "headers": header_components(_headers(calls)),
            "responses": response_components(_shared(calls), rated=not of_operator),
            "schemas": _schemas(calls, more, of_operator=of_operator),
        },
    }


def _headers(calls: Iterable[Call]) -> set[str]:
    """What answers' headers are called."""
    names = set(ON_EVERY_ANSWER)
    for call in calls:
        names |= {name for kind in call.refusals for name in error_headers(EXAMPLES[kind])}
        names |= set(TOLD_OF_THE_RATE if call.is_rated else ())
        names |= set(PlainRoute.HEADERS if call.plain else ())
    return names


def _rules(calls: Iterable[Call]) -> list[Rule]:
    return list({rule.name: rule for call in calls for rule in call.rules}.values())


def _shared(calls: Iterable[Call]) -> list[type[Refusal]]:
    """The refusals that calls tell alike, each once."""
    kinds = {kind: None for call in calls for kind in call.refusals if _is_shared(call, kind)}
    return list(kinds)


def _is_shared(call: Call, kind: type[Refusal]) -> bool:
    if call.plain:
        return kind in BEFORE_THE_ROUTE
    return not (isinstance(call.answer, Listed) and PROBLEMS[kind].status == 422)


def _schemas(calls: Sequence[Call], more: Iterable[Any], *, of_operator: bool) -> Schema:
    lists = {call.answer for call in calls if isinstance(call.answer, Listed)}
    whole = [call.answer for call in calls if not isinstance(call.answer, Listed)]
    asked = [body for call in calls for body in call.bodies.values() if isinstance(body, type)]
    bodies = [Answer[listed.row] for listed in lists]  # type: ignore[name-defined]
    found = schemas_of([*asked, *whole, *bodies, *more])
    error_body = found.pop(ErrorBody.__name__)
    failed = FailedTicket.__name__
    found[failed] = failed_tickets(found[failed], of_operator=of_operator)
    for listed in lists:
        found |= list_schemas(listed, found)
        del found[f"Answer_{listed.row.__name__}_"]
    problems = [*(PROBLEMS[kind] for kind in _shared(calls)), INTERNAL_ERROR]
    found |= error_schemas(error_body, problems)
    found |= failed_schemas(error_body)
    return dict(sorted(found.items()))
