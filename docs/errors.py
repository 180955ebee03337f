"""Generates the tables of the error catalogue.

See decision 103.
"""

from collections.abc import Iterable
from typing import NamedTuple

from docs.markdown import table
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.http.problems import (
    ALL_LOCKED,
    EVERY_PROBLEM,
    NO_RETRY,
    NONE_SUCCEEDED,
    Advice,
    Problem,
)
from seatlatch.operator_api import ticket_rows as operators
from seatlatch.presentation.ticket_results import failed_ticket

LEVEL = "ERROR"
"""The error level of all types, and the level of their log lines."""

CHANNEL_FAILURES = (
    Outcome.UNKNOWN,
    Outcome.VOIDED,
    Outcome.SEAT_LOCKED,
    Outcome.RESERVED_ELSEWHERE,
)
"""The failures of a ticket in a channel's call, in order of precedence."""

ADVICE = ("Retry possible", "Retry count", "Wait", "Ultimate action", "Level")


class Case(NamedTuple):
    """One use of an error type. `member`: the part of the response that has the error."""

    type: str
    status: str
    code: str
    member: str
    meaning: str
    advice: Advice


def cases() -> list[Case]:
    """All cases: first those of a whole request by status, then those of a single token."""
    whole = [_request_case(problem) for problem in EVERY_PROBLEM]
    return list(dict.fromkeys([*whole, *_channel_cases(), *_operator_cases()]))


def _request_case(problem: Problem) -> Case:
    member = "`error` and `failure`" if problem in (ALL_LOCKED, NONE_SUCCEEDED) else "`error`"
    code, status = problem.app_error_code, str(problem.status)
    return Case(problem.type, status, code, member, problem.meaning, problem.advice)


def _channel_cases() -> Iterable[Case]:
    for outcome in CHANNEL_FAILURES:
        failed = failed_ticket(TicketResult("", outcome, None))
        yield _token_case(failed.type, failed.app_error_code, failed.developer_message)


def _operator_cases() -> Iterable[Case]:
    for failure in operators.FAILURES.values():
        yield _token_case(failure.type, failure.app_error_code, failure.message)


def _token_case(kind: str, code: str, message: str) -> Case:
    none = f"{NONE_SUCCEEDED.status}"
    if kind == ALL_LOCKED.type:
        none = f"{ALL_LOCKED.status}, {none}"
    return Case(kind, f"207, {none}", code, "an entry of `failure`", f"*{message}*", NO_RETRY)


def types() -> list[str]:
    """Every error type, in the catalogue's order."""
    return list(dict.fromkeys(case.type for case in cases()))


def catalogue() -> str:
    """Every type with its page."""
    columns = ("Type", "Status", "appErrorCode", "Member", *ADVICE)
    rows = (
        (
            f"[`{case.type}`]({case.type}.md)",
            case.status,
            f"`{case.code}`",
            case.member,
            *advice_cells(case.advice),
        )
        for case in cases()
    )
    return table(columns, dict.fromkeys(rows))


def facts(kind: str) -> str:
    """The cases of one type."""
    columns = ("Status", "appErrorCode", "Member", "Meaning", *ADVICE)
    rows = (
        (case.status, f"`{case.code}`", case.member, case.meaning, *advice_cells(case.advice))
        for case in cases()
        if case.type == kind
    )
    return table(columns, rows)


def advice_cells(advice: Advice) -> tuple[str, str, str, str, str]:
    """The advice to the caller, in the columns of `ADVICE`."""
    wait = f"`{advice.wait}` seconds" if advice.wait else "none"
    possible = "yes" if advice.retry_possible else "no"
    return possible, advice.retry_count, wait, advice.ultimate_action, LEVEL


def page_of(kind: str) -> str:
    """A link to the page of a type, from a page in another folder of docs/."""
    return f"[`{kind}`](../errors/{kind}.md)"
