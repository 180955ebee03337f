"""Generates the parts of the pages, each with a function that returns Markdown.

This module reads the service's own tables. Commands, errors, figures, packages and the sandbox have
their own modules. `docs.generate` inserts the parts into the pages.
"""

from collections.abc import Callable
from functools import partial

from prometheus_client import Metric

from docs.campaigns import campaigns, failovers, soaks
from docs.commands import commands
from docs.errors import CHANNEL_FAILURES, LEVEL, catalogue, facts, page_of, types
from docs.figures import (
    client_cost,
    imports,
    journal_cost,
    journal_reading,
    searches,
    shapes,
)
from docs.markdown import table
from docs.packages import package_table
from docs.performance import (
    before_and_after,
    cost,
    growth,
    overview,
    performance_postgres,
    performance_sqlite,
)
from docs.sandbox import behaviour, failing_tokens, fault_tokens, venue
from docs.unlock_path import unlock_path
from seatlatch.cli.remote import settings as remote
from seatlatch.domain.outcome import SUCCESSES, Outcome, TicketResult
from seatlatch.http.problems import (
    EVERY_PROBLEM,
    NO_RETRY,
    PROBLEMS,
    Advice,
)
from seatlatch.metrics import Metrics
from seatlatch.operator_api import ticket_rows as operators
from seatlatch.presentation.explanations import OUTCOME_MEANINGS
from seatlatch.presentation.ticket_results import failed_ticket
from seatlatch.settings import TABLE
from seatlatch.webhooks.schedule import DELAYS_SECONDS


def retry_cells(advice: Advice) -> tuple[str, str, str]:
    """Retry possible, retry count, ultimate action."""
    return "yes" if advice.retry_possible else "no", advice.retry_count, advice.ultimate_action


def errors() -> str:
    """Every error of a whole request, by status."""
    columns = ("Status", "Type", "appErrorCode", "Meaning", "Retry possible", "Retry count")
    return table(
        (*columns, "Ultimate action", "Level"),
        (
            (
                problem.status,
                page_of(problem.type),
                f"`{problem.app_error_code}`",
                problem.meaning,
                *retry_cells(problem.advice),
                LEVEL,
            )
            for problem in EVERY_PROBLEM
        ),
    )


def token_errors() -> str:
    """Every error of a single token in a channel's call, as an entry of `failure`."""
    columns = ("Type", "appErrorCode", "developerMessage", "Outcomes", "Retry possible")
    cases: dict[tuple[str, str, str], list[str]] = {}
    for outcome in CHANNEL_FAILURES:
        failed = failed_ticket(TicketResult("", outcome, None))
        key = (failed.type, failed.app_error_code, failed.developer_message)
        cases.setdefault(key, []).append(f"`{outcome}`")
    return table(
        (*columns, "Retry count", "Ultimate action", "Level"),
        (
            (
                page_of(kind),
                f"`{code}`",
                message,
                ", ".join(outcomes),
                *retry_cells(NO_RETRY),
                LEVEL,
            )
            for (kind, code, message), outcomes in cases.items()
        ),
    )


def operator_token_errors() -> str:
    """Every error of a single token in an operator's call."""
    return table(
        ("Outcome", "Type", "appErrorCode", "status", "developerMessage"),
        (
            (
                f"`{outcome}`",
                page_of(failure.type),
                f"`{failure.app_error_code}`",
                f"`{failure.status}`" if failure.status else "null",
                failure.message,
            )
            for outcome, failure in operators.FAILURES.items()
        ),
    )


def outcomes() -> str:
    """The outcomes of a token: the failures in order of precedence, then the successes."""
    rows = []
    for number, outcome in enumerate(Outcome, 1):
        rows.append((number, f"`{outcome}`", OUTCOME_MEANINGS[outcome], _list_of(outcome)))
    return table(("", "Outcome", "When", "Listed in"), rows)


def _list_of(outcome: Outcome) -> str:
    if outcome in SUCCESSES:
        return "`success`"
    if outcome in operators.FAILURES:
        return f"`failure`, as `{operators.FAILURES[outcome].type}`"
    return f"`failure`, as `{failed_ticket(TicketResult('', outcome, None)).type}`"


def refusals() -> str:
    """The status and type of each refusal."""
    return table(
        ("Refusal", "Module", "Status", "Type"),
        (
            (f"`{kind.__name__}`", f"`{module_of(kind)}`", problem.status, f"`{problem.type}`")
            for kind, problem in PROBLEMS.items()
        ),
    )


def module_of(kind: type) -> str:
    """The module of a class, without `seatlatch.`."""
    return kind.__module__.removeprefix("seatlatch.")


def settings() -> str:
    """Every setting."""
    return table(
        ("Name", "Default", "Meaning"),
        ((f"`{row.name}`", f"`{row.default}`", row.sentence) for row in TABLE),
    )


def remote_settings() -> str:
    """The settings of `seatlatch remote`."""
    return table(
        ("In the file", "In the environment", "Meaning"),
        ((f"`{row.field}`", f"`{row.variable}`", row.sentence) for row in remote.TABLE),
    )


def metrics() -> str:
    """Every metric by its exposed name."""
    example = Metrics()
    example.request_answered("/", 200, 0.0)
    example.tokens_answered("unlocked", 1)
    example.group_committed(1, 1, 0.0)
    return table(
        ("Name", "Type", "Labels", "Meaning"),
        (
            (f"`{exposed_name(family)}`", family.type, labels(family), family.documentation)
            for family in example.registry.collect()
        ),
    )


def exposed_name(family: Metric) -> str:
    """A family's name in a scrape; for a histogram, without _bucket, _sum and _count."""
    return family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")


def labels(family: Metric) -> str:
    """The labels of a family, without the bound of a bucket."""
    names = {name for sample in family.samples for name in sample.labels} - {"le"}
    return ", ".join(f"`{name}`" for name in sorted(names))


def webhook_retries() -> str:
    """The wait before each retry of a message."""
    rows: list[tuple[object, str]] = [
        (number, _duration(seconds)) for number, seconds in enumerate(DELAYS_SECONDS, 1)
    ]
    rows[-1] = (f"{rows[-1][0]} and later", rows[-1][1])
    return table(("After attempt", "Retry after"), rows)


def _duration(seconds: int) -> str:
    for unit, unit_seconds in (("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds % unit_seconds == 0:
            count = seconds // unit_seconds
            return f"{count} {unit}{'s' if count > 1 else ''}"
    raise AssertionError("a whole number of seconds")


PARTS: dict[str, Callable[[], str]] = {
    "campaigns": campaigns,
    "client-cost": client_cost,
    "commands": commands,
    "error-catalogue": catalogue,
    "errors": errors,
    "metrics": metrics,
    "operator-token-errors": operator_token_errors,
    "outcomes": outcomes,
    "packages": package_table,
    "imports": imports,
    "performance-overview": overview,
    "performance-before": before_and_after,
    "performance-cost": cost,
    "performance-sqlite": performance_sqlite,
    "performance-postgres": performance_postgres,
    "growth": growth,
    "journal-cost": journal_cost,
    "journal-reading": journal_reading,
    "searches": searches,
    "shapes": shapes,
    "soaks": soaks,
    "failovers": failovers,
    "refusals": refusals,
    "remote-settings": remote_settings,
    "settings": settings,
    "token-errors": token_errors,
    "sandbox-behaviour": behaviour,
    "sandbox-failing-tokens": failing_tokens,
    "sandbox-fault-tokens": fault_tokens,
    "unlock-path": unlock_path,
    "venue": venue,
    "webhook-retries": webhook_retries,
    **{f"error {kind}": partial(facts, kind) for kind in types()},
}
"""The parts, by the name in the marker."""
