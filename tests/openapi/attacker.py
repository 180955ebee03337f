"""Generates valid and invalid requests from an OpenAPI document, and checks the responses.

Uses schemathesis with all of its checks. `excuse` says which of its findings to ignore, and why.

See decision 124.
"""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events, from_schema
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario
from schemathesis.openapi.checks import AllowHeaderMismatch, RejectedPositiveData

from seatlatch.channel_api.token import WRONG
from seatlatch.openapi.examples.example import HEADERS
from seatlatch.operator_api.tickets import TICKETS
from seatlatch.sandbox.data import document_tickets, venue_tickets
from tests.openapi.asking import BEARERS

ANSWER_SECONDS_MAX = 5.0
NDJSON = "application/x-ndjson"
KNOWN_TOKENS = [
    *(ticket.token for ticket in document_tickets()),
    *(ticket.token for ticket in islice(venue_tickets(), 0, None, 20)),
]
"""Tokens of tickets in the sandbox, with every outcome."""

NOT_IN_THE_DOCUMENT = (
    "`after` is not the `next` of an earlier page",
    "belongs to another feed",
    "`after` belongs to another list of events",
    "`after` belongs to a search with other filters",
    "`after` belongs to another search",
    "`after` belongs to a page with other filters",
    "`after` belongs to a list with other filters",
    "No ticket can match both",
    "` is empty. Give a value, or leave it out",
    "bytes in UTF-8",
    "have the same token. Send one.",
    "name the same event. Send one.",
    "bytes of JSON - at `$.seller`",
    "must be a timestamp with an offset from UTC",
    "The key's expiry is in the past",
    "No entry is both after",
    "`since` must be before `until`",
    "an invisible character, U+1BCA",  # above U+FFFF, which the patterns leave out
    "an invisible character, U+1D17",
    "an invisible character, U+E0",
    "Expected `int`, got `float`",
    "Expected `int | null`, got `decimal`",  # JSON Schema takes 600.0 for an integer
)
"""Faults that no schema can describe: they depend on the inventory, on two records at once, or on
the size of something as JSON. The page of each call describes them.
"""


@dataclass
class Found:
    """The result of an attack: the number of requests, and the findings."""

    requests: int = 0
    checks: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


def attack(url: str, document: dict[str, Any], *, examples: int, seed: int) -> Found:
    """Attack a sandbox with the requests of a document.

    `examples`: random requests for each call, in addition to those that test each rule.
    """
    config = _config(url, document, examples, seed)
    # A copy, because schemathesis changes it, and it shares parts with the original.
    schema = schemathesis.openapi.from_dict(deepcopy(document), config=config)
    found = Found()

    def filter_failure(
        context: HookContext, failure: Failure, case: Case[Any], response: Response
    ) -> bool:
        """Whether a failed check is a finding."""
        why = excuse(failure, case, response)
        if why is not None:
            found.excused[why] += 1
        return why is None

    schema.hook(filter_failure)
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _count(event.recorder, found)
        elif isinstance(event, events.NonFatalError):
            found.findings.append(f"{event.label}: {event.info.format()}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return found


def _config(url: str, document: dict[str, Any], examples: int, seed: int) -> SchemathesisConfig:
    schemes = document["components"]["securitySchemes"]
    bearers = {name: {"bearer": BEARERS[name]} for name in schemes}
    return SchemathesisConfig.from_dict(
        {
            "base-url": url,
            "seed": seed,
            "continue-on-failure": True,
            "suppress-health-check": ["too_slow"],  # the load of the machine is not a finding
            "request-timeout": 30,
            "auth": {"openapi": bearers},
            "dictionaries": {"tokens": {"values": KNOWN_TOKENS}},
            "generation": {
                "max-examples": examples,
                "database": "none",
                "dictionaries": {"string": {"dictionary": "tokens", "probability": 0.2}},
            },
            "checks": {"enabled": True, "max_response_time": ANSWER_SECONDS_MAX},
        }
    )


def _count(recorder: Any, found: Found) -> None:
    found.requests += len(recorder.interactions)
    for interaction in recorder.interactions.values():
        if interaction.response is not None:
            found.statuses[interaction.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            found.checks[check.name] += 1
            if check.failure_info is not None:
                failure = check.failure_info.failure
                reported = f"{failure.title}: {failure.message}\n{check.failure_info.code_sample}"
                response = recorder.find_response(case_id=case_id)
                if response is not None:
                    reported += f"\n{response.status_code} {response.content[:500]!r}"
                found.findings.append(f"{recorder.label}: {check.name}: {reported}")


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Use a known application unless a header is meant to be wrong: random credentials would always
    be refused. If one header is absent, all others are right. No request waits for events.
    """
    if case.meta is None or case.headers is None:
        return
    headers = case.meta.components.get(ParameterLocation.HEADER)
    absent = absent_header(case)
    for name in HEADERS.keys() & case.headers.keys() - {absent}:
        if absent or (name.startswith("PAC-") and (headers is None or headers.mode.is_positive)):
            case.headers[name] = HEADERS[name]
    query = case.meta.components.get(ParameterLocation.QUERY)
    if query is not None and query.mode.is_positive and "wait" in (case.query or {}):
        case.query["wait"] = 0


def absent_header(case: Case[Any]) -> str | None:
    """The header that is left out on purpose, if any."""
    tried = case.meta.phase.data if case.meta else None
    if (
        isinstance(tried, CoveragePhaseData)
        and tried.scenario is CoverageScenario.MISSING_PARAMETER
        and tried.parameter_location is ParameterLocation.HEADER
    ):
        return tried.parameter
    return None


@schemathesis.check
def wrong_bodies_are_refused_as_a_whole(
    ctx: CheckContext, response: Response, case: Case[Any]
) -> None:
    """422 may also say that no ticket succeeded: a wrong body must not get that far."""
    body = case.meta.components.get(ParameterLocation.BODY) if case.meta else None
    if body is not None and body.mode.is_negative and response.status_code == 422:
        assert case.media_type == NDJSON or "failure" not in response.json()


def excuse(failure: Failure, case: Case[Any], response: Response) -> str | None:
    """The reason why a failed check is not a finding; None = it is one."""
    if absent_header(case) == "User-Agent":
        return "the HTTP client beneath schemathesis sends a User-Agent of its own"
    if isinstance(failure, AllowHeaderMismatch):
        is_named_like_a_call = failure.undocumented_methods == ["GET"]
        if case.path.startswith(TICKETS) and is_named_like_a_call:
            return "a ticket may be called status, and can be shown at that path"
    if isinstance(failure, AcceptedNegativeData) and response.status_code == 413:
        return "a wrong body may also be too large, which is found first"
    if isinstance(failure, RejectedPositiveData):
        return _rightly_refused(case, response)
    return None


def _rightly_refused(case: Case[Any], response: Response) -> str | None:
    """The reason why a request that conforms to the document was refused; None = wrongly."""
    body, status = response.json(), response.status_code
    if case.media_type == NDJSON:
        return (
            "OpenAPI 3.1 can't say what a line is" if response.status_code in (400, 422) else None
        )
    if status == 400 and body.get("error") in WRONG.values():
        return "the code or refresh token is made up"
    if status != 422:
        return None
    if "failure" in body:
        return "it was taken, and none of its tickets can be changed"
    message = body["error"]["developerMessage"]
    return next((known for known in NOT_IN_THE_DOCUMENT if known in message), None)


@schemathesis.serializer(NDJSON)
def lines(context: schemathesis.SerializationContext, value: Any) -> Any:
    """A generated body of lines, as bytes."""
    return {"data": value if isinstance(value, bytes) else str(value).encode()}
