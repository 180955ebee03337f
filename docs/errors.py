"""The parts of the error catalogue that are made from the code: what is said of each error type."""

from collections.abc import Iterable
from typing import NamedTuple

from docs.markdown import table
from seatlatch.api.answers import failed_ticket
from seatlatch.api.problems import (
    ALL_LOCKED,
    EVERY_PROBLEM,
    NO_RETRY,
    NONE_SUCCEEDED,
    Advice,
    Problem,
)
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.operator import answers as operators

LEVEL = "ERROR"
"""The document's, for all of them; also that of the log line of such a request."""

OF_A_CHANNEL = (
    Outcome.UNKNOWN,
    Outcome.VOIDED,
    Outcome.SEAT_LOCKED,
    Outcome.RESERVED_ELSEWHERE,
)
"""The ways in which a ticket can withstand a channel, in order of precedence."""

ADVICE = ("Retry possible", "Retry count", "Wait", "Ultimate action", "Level")


class Case(NamedTuple):
    """One way to meet an error type. `where`: in which member of the answer it stands."""

    type: str
    status: str
    code: str
    where: str
    meaning: str
    advice: Advice


def cases() -> list[Case]:
    """All of them: those of a whole request by status, then those of a single token."""
    whole = [_whole(problem) for problem in EVERY_PROBLEM]
    return list(dict.fromkeys([*whole, *_of_a_channel(), *_of_an_operator()]))


def _whole(problem: Problem) -> Case:
    where = "`error` and `failure`" if problem in (ALL_LOCKED, NONE_SUCCEEDED) else "`error`"
    code, status = problem.app_error_code, str(problem.status)
    return Case(problem.type, status, code, where, problem.meaning, problem.advice)


def _of_a_channel() -> Iterable[Case]:
    for outcome in OF_A_CHANNEL:
        told = failed_ticket(TicketResult("", outcome, None))
        yield _of_a_token(told.type, told.app_error_code, told.developer_message)


def _of_an_operator() -> Iterable[Case]:
    for told in operators.FAILURES.values():
        yield _of_a_token(told.type, told.app_error_code, told.message)


def _of_a_token(kind: str, code: str, message: str) -> Case:
    none = f"{NONE_SUCCEEDED.status}"
    if code == ALL_LOCKED.app_error_code:
        none = f"{ALL_LOCKED.status}, {none}"
    return Case(kind, f"207, {none}", code, "an entry of `failure`", f"*{message}*", NO_RETRY)


def types() -> list[str]:
    """Every error type, in the catalogue's order."""
    return list(dict.fromkeys(case.type for case in cases()))


def catalogue() -> str:
    """Every type with its page."""
    columns = ("Type", "Status", "appErrorCode", "Stands in", *ADVICE)
    rows = (
        (
            f"[`{case.type}`]({case.type}.md)",
            case.status,
            f"`{case.code}`",
            case.where,
            *advice_cells(case.advice),
        )
        for case in cases()
    )
    return table(columns, dict.fromkeys(rows))


def facts(kind: str) -> str:
    """What is said of one type."""
    columns = ("Status", "appErrorCode", "Stands in", "Meaning", *ADVICE)
    rows = (
        (case.status, f"`{case.code}`", case.where, case.meaning, *advice_cells(case.advice))
        for case in cases()
        if case.type == kind
    )
    return table(columns, rows)


def advice_cells(advice: Advice) -> tuple[str, str, str, str, str]:
    """What the caller is to do, in the columns of `ADVICE`."""
    wait = f"`{advice.wait}` seconds" if advice.wait else "none"
    possible = "yes" if advice.retry_possible else "no"
    return possible, advice.retry_count, wait, advice.ultimate_action, LEVEL


def page_of(kind: str) -> str:
    """A link to the page of a type, from a page in another folder of docs/."""
    return f"[`{kind}`](../errors/{kind}.md)"
