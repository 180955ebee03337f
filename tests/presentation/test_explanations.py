"""Every outcome and every error has words."""

import pytest

from seatlatch.domain.outcome import INVALID, LOCKS, SUCCESSES, Outcome, TicketResult
from seatlatch.http.problems import EVERY_PROBLEM, Problem
from seatlatch.presentation.explanations import (
    NOTHING,
    explain_error,
    explain_outcome,
    explain_own,
    explain_refusal,
    explain_response,
)
from seatlatch.presentation.ticket_results import failed_ticket


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_explained(outcome: Outcome) -> None:
    explanation = explain_outcome(outcome)
    assert explanation.meaning.endswith(".")
    assert (explanation.action == NOTHING) == (outcome in SUCCESSES)


@pytest.mark.parametrize("outcome", sorted([*LOCKS, *INVALID]))
def test_a_channel_learns_no_more_than_from_its_response(outcome: Outcome) -> None:
    word = failed_ticket(TicketResult("", outcome, None)).type
    assert explain_own(word).action != NOTHING
    assert explain_own(word).meaning != explain_outcome(outcome).meaning


def test_a_channel_s_success_is_explained() -> None:
    assert explain_own("unlocked") == explain_outcome(Outcome.UNLOCKED)


@pytest.mark.parametrize("problem", EVERY_PROBLEM)
def test_every_error_is_explained(problem: Problem) -> None:
    explanation = explain_error(problem.type)
    assert explanation is not None
    assert explain_refusal(f"{problem.type}: The body is empty.") == explanation


@pytest.mark.parametrize("text", ["", "NOTHING: x", "no type"])
def test_an_unknown_error_is_not_explained(text: str) -> None:
    assert explain_refusal(text) is None


@pytest.mark.parametrize(
    ("status", "body", "error_type"),
    [
        (
            401,
            '{"error":{"type":"UNAUTHORIZED","appErrorCode":"","developerMessage":""}}',
            "UNAUTHORIZED",
        ),
        (409, '{"error":{"type":"CONFLICT","appErrorCode":"","developerMessage":""}}', "CONFLICT"),
        (400, '{"error":"The code is wrong."}', "BAD_REQUEST"),
        (503, "", "SERVICE_UNAVAILABLE"),
    ],
)
def test_a_response_is_explained(status: int, body: str, error_type: str) -> None:
    assert explain_response(status, body) == explain_error(error_type)


def test_a_success_needs_no_explanation() -> None:
    assert explain_response(200, '{"success":[]}') is None
    assert explain_response(418, "") is None
