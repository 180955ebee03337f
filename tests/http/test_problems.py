"""The error catalogue is complete, and agrees with the contract's tables."""

from collections.abc import Iterator

import pytest

from seatlatch.domain import refusal
from seatlatch.domain.refusal import Refusal
from seatlatch.http import refusals
from seatlatch.http.problems import (
    ALL_LOCKED,
    INTERNAL_ERROR,
    NONE_SUCCEEDED,
    PROBLEMS,
    Problem,
    error_headers,
    problem_of,
)
from tests.cases import all_cases

CONTRACT = {
    "MalformedRequest": (400, "BAD_REQUEST"),
    "NotFound": (404, "NOT_FOUND"),
    "Conflict": (409, "CONFLICT"),
    "NotAuthenticated": (401, "UNAUTHORIZED"),
    "ChannelNotAllowed": (403, "FORBIDDEN"),
    "NotPermitted": (403, "FORBIDDEN"),
    "RouteUnknown": (404, "NOT_FOUND"),
    "MethodNotAllowed": (405, "METHOD_NOT_ALLOWED"),
    "ResponseNotAcceptable": (406, "NOT_ACCEPTABLE"),
    "RequestTooSlow": (408, "REQUEST_TIMEOUT"),
    "BodyTooLarge": (413, "PAYLOAD_TOO_LARGE"),
    "MediaTypeUnsupported": (415, "UNSUPPORTED_MEDIA_TYPE"),
    "InvalidRequest": (422, "UNPROCESSABLE_ENTITY"),
    "RateExceeded": (429, "TOO_MANY_REQUESTS"),
    "HeadTooLarge": (431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
    "PlaceLost": (410, "GONE"),
    "Unavailable": (503, "SERVICE_UNAVAILABLE"),
}
"""Every refusal by name; 408 and 431 are HTTP's own, the contract is silent on them."""

RETRY = {408, 429, 503}

ROWLESS = {"JournalDamaged", "NotDone"}
"""The first has the row of the class above it. The second is raised by commands only."""


def kinds(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """All refusals of the service, at every level of the tree."""
    for child in kind.__subclasses__():
        if child.__module__.startswith("seatlatch."):
            yield child
        yield from kinds(child)


def test_the_tree_of_refusals_is_the_contracts() -> None:
    assert {kind.__name__ for kind in kinds()} - ROWLESS == set(CONTRACT)


def test_every_refusal_has_a_row_of_its_own_and_every_row_a_refusal() -> None:
    assert {kind.__name__ for kind in PROBLEMS} == {kind.__name__ for kind in kinds()} - ROWLESS


def test_a_damaged_journal_is_to_a_caller_what_any_trouble_of_the_database_is() -> None:
    damaged = refusal.JournalDamaged("Repair it.")
    assert problem_of(damaged) == PROBLEMS[refusal.Unavailable]
    assert isinstance(damaged.again(), refusal.JournalDamaged)


@all_cases("kind", PROBLEMS, ids=lambda kind: kind.__name__)
def test_the_row_of_a_refusal_is_the_contracts(kind: type[Refusal]) -> None:
    problem = PROBLEMS[kind]
    assert (problem.status, problem.type) == CONTRACT[kind.__name__]
    assert problem.app_error_code == f"MS-{problem.status}"
    assert problem.retry == (problem.status in RETRY)
    assert problem.meaning.endswith(".")


@pytest.mark.parametrize(
    ("problem", "status", "error_type", "code"),
    [
        (INTERNAL_ERROR, 500, "INTERNAL_ERROR", "MS-500"),
        (NONE_SUCCEEDED, 422, "UNPROCESSABLE_ENTITY", "MS-422"),
        (ALL_LOCKED, 409, "SEAT_RECORD_LOCKED", "MS-409"),
    ],
    ids=["a bug", "none succeeded", "all locked"],
)
def test_the_rows_without_a_refusal_are_the_contracts(
    problem: Problem, status: int, error_type: str, code: str
) -> None:
    assert (problem.status, problem.type, problem.app_error_code, problem.retry) == (
        status,
        error_type,
        code,
        False,
    )


class HeaderForgotten(refusals.MalformedRequest):
    """A refusal that has no row."""


def test_a_refusal_without_a_row_takes_that_of_the_one_above_it() -> None:
    assert problem_of(HeaderForgotten("Absent.")) is PROBLEMS[refusals.MalformedRequest]


def test_a_refusal_that_may_be_sent_again_says_when() -> None:
    assert error_headers(refusal.Unavailable("Again."))["Retry-After"] == "1"
    too_often = refusal.RateExceeded("Wait.", retry_after_seconds=7)
    assert error_headers(too_often) == {"Retry-After": "7"}


def test_every_kind_of_refusal_is_drawn_in_the_tree_of_its_module() -> None:
    for module in (refusal, refusals):
        own = [kind.__name__ for kind in kinds() if kind.__module__ == module.__name__]
        assert own
        assert [name for name in own if f"─ {name} " not in (module.__doc__ or "")] == []
