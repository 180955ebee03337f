"""The parts of the pages that are made from the code, each a function that returns Markdown.

Reads the service's own tables; commands and figures have a module each. `docs.generate` puts the
parts into the pages.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from prometheus_client import Metric

from docs.commands import commands
from docs.figures import (
    growth,
    imports,
    journal_cost,
    journal_reading,
    performance_postgres,
    performance_sqlite,
    shapes,
)
from docs.markdown import table
from seatlatch.api.answers import failed_ticket
from seatlatch.api.problems import (
    ALL_LOCKED,
    INTERNAL_ERROR,
    NO_RETRY,
    NONE_SUCCEEDED,
    PROBLEMS,
    Advice,
    Problem,
)
from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import SUCCESSES, Outcome, TicketResult
from seatlatch.domain.rules import judge_unlock
from seatlatch.domain.ticket import Ticket
from seatlatch.operator import answers as operators
from seatlatch.sandbox import data
from seatlatch.settings import TABLE
from seatlatch.store.interface import NewTicket
from seatlatch.telemetry import Metrics
from seatlatch.webhooks.schedule import DELAYS_SECONDS

OUTCOME_MEANINGS = {
    Outcome.UNKNOWN: "There is no such ticket, or its organization granted the channel nothing.",
    Outcome.UNKNOWN_ORGANIZATION: "A record is put for an organization that does not exist.",
    Outcome.OTHER_ORGANIZATION: "A record is put of a ticket that is another organization's.",
    Outcome.VOIDED: "The ticket was cancelled or issued anew.",
    Outcome.SEAT_LOCKED: "The seat status is `LOCK`: a box-office operation holds the record.",
    Outcome.RESERVED_ELSEWHERE: "Another channel has set mpreserve.",
    Outcome.RESERVED: "The box office wants to hold the seat, but a channel has set mpreserve.",
    Outcome.VERIFIED: "The channel could lock or unlock the ticket now.",
    Outcome.LOCKED: "mpreserve was set, or its listing replaced, by this request.",
    Outcome.ALREADY_LOCKED: "The channel had set mpreserve with this listing already.",
    Outcome.UNLOCKED: "mpreserve was cleared by this request.",
    Outcome.ALREADY_UNLOCKED: "mpreserve was not set, so nothing had to be done.",
    Outcome.HELD: "The seat is held now, or its hold has another reason or end now.",
    Outcome.ALREADY_HELD: "The seat was held with this reason and end already.",
    Outcome.RELEASED: "The hold was ended by this request.",
    Outcome.ALREADY_RELEASED: "The seat was not held.",
    Outcome.MADE_VOID: "The ticket was voided by this request.",
    Outcome.ALREADY_VOID: "The ticket was void already.",
    Outcome.ADDED: "The ticket is new.",
    Outcome.UPDATED: "What is said of the ticket was changed.",
    Outcome.UNCHANGED: "All that is said of the ticket was so already.",
}

OF_A_CHANNEL = (
    Outcome.UNKNOWN,
    Outcome.VOIDED,
    Outcome.SEAT_LOCKED,
    Outcome.RESERVED_ELSEWHERE,
)
"""The ways in which a ticket can withstand a channel, in order of precedence."""


def retry_cells(advice: Advice) -> tuple[str, str, str]:
    """Retry possible, retry count, ultimate action."""
    return "yes" if advice.retry_possible else "no", advice.retry_count, advice.ultimate_action


def errors() -> str:
    """Every error of a whole request, by status."""
    problems = [*PROBLEMS.values(), INTERNAL_ERROR, ALL_LOCKED, NONE_SUCCEEDED]
    columns = ("Status", "Type", "appErrorCode", "Meaning", "Retry possible", "Retry count")
    return table(
        (*columns, "Ultimate action", "Level"),
        (
            (
                problem.status,
                f"`{problem.type}`",
                f"`{problem.app_error_code}`",
                problem.meaning,
                *retry_cells(problem.advice),
                "ERROR",
            )
            for problem in sorted(problems, key=by_status)
        ),
    )


def by_status(problem: Problem) -> int:
    """The order of the catalogue."""
    return problem.status


def token_errors() -> str:
    """Every error of a single token in a channel's call, as an entry of `failure`."""
    columns = ("Type", "appErrorCode", "developerMessage", "Outcomes", "Retry possible")
    cases: dict[tuple[str, str, str], list[str]] = {}
    for outcome in OF_A_CHANNEL:
        failed = failed_ticket(TicketResult("", outcome, None))
        key = (failed.type, failed.app_error_code, failed.developer_message)
        cases.setdefault(key, []).append(f"`{outcome}`")
    return table(
        (*columns, "Retry count", "Ultimate action", "Level"),
        (
            (
                f"`{kind}`",
                f"`{code}`",
                message,
                ", ".join(outcomes),
                *retry_cells(NO_RETRY),
                "ERROR",
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
                f"`{failure.type}`",
                f"`{failure.app_error_code}`",
                f"`{failure.status}`" if failure.status else "null",
                failure.message,
            )
            for outcome, failure in operators.FAILURES.items()
        ),
    )


def outcomes() -> str:
    """What can become of a token: the failures in order of precedence, then the successes."""
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
    """From refusal to status and type."""
    return table(
        ("Refusal", "Room", "Status", "Type"),
        (
            (f"`{kind.__name__}`", f"`{room(kind)}`", problem.status, f"`{problem.type}`")
            for kind, problem in PROBLEMS.items()
        ),
    )


def room(kind: type) -> str:
    """The module in which a class lives, without the package's own name."""
    return kind.__module__.removeprefix("seatlatch.")


def settings() -> str:
    """Every setting."""
    return table(
        ("Name", "Default", "Meaning"),
        ((f"`{row.name}`", f"`{row.default}`", row.sentence) for row in TABLE),
    )


def metrics() -> str:
    """Every metric by the name under which it is exposed."""
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
    """A family's name as it is scraped; a histogram's has _bucket, _sum and _count behind it."""
    return family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")


def labels(family: Metric) -> str:
    """Its labels, but for a bucket's bound."""
    names = {name for sample in family.samples for name in sample.labels} - {"le"}
    return ", ".join(f"`{name}`" for name in sorted(names))


def venue() -> str:
    """The venue's seats by their outcome, asked of the rule itself."""
    blocks: dict[tuple[str, Outcome], set[int]] = {}
    for section in data.SECTIONS:
        seats = [ticket for ticket in data.venue_tickets() if ticket.section == str(section)]
        for outcome, same in groupby(seats, key=venue_outcome):
            rows = span(sorted({ticket.row or "" for ticket in same}))
            blocks.setdefault((rows, outcome), set()).add(section)
    cells = []
    for (rows, outcome), sections in blocks.items():
        row, seats_of = rows[0], len(sections) * (ord(rows[-1]) - ord(rows[0]) + 1)
        example = data.venue_token(min(sections), row, 1)
        count = f"{seats_of * len(data.SEATS):,}"
        cells.append((span(sorted(sections)), rows, count, f"`{outcome}`", f"`{example}`"))
    return table(("Sections", "Rows", "Seats", "Outcome of an unlock", "First token"), cells)


def venue_outcome(seat: NewTicket) -> Outcome:
    """What becomes of a fresh sandbox's seat."""
    ticket = Ticket(
        seat.token,
        seat.organization_id,
        seat.owner_id,
        seat.voided,
        seat.seat_status,
        seat.mpreserve_channel,
    )
    channel = Channel(data.CHANNEL, frozenset({data.ORGANIZATION}))
    return judge_unlock(ticket, channel, datetime.now(UTC))


def span(values: Sequence[object]) -> str:
    """First and last of neighbours, or the only one."""
    return str(values[0]) if len(values) == 1 else f"{values[0]} to {values[-1]}"


def webhook_retries() -> str:
    """After which time a message is sent again."""
    rows: list[tuple[object, str]] = [
        (number, _duration(seconds)) for number, seconds in enumerate(DELAYS_SECONDS, 1)
    ]
    rows[-1] = (f"{rows[-1][0]} and later", rows[-1][1])
    return table(("After attempt", "It is sent again in"), rows)


def _duration(seconds: int) -> str:
    for unit, unit_seconds in (("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds % unit_seconds == 0:
            count = seconds // unit_seconds
            return f"{count} {unit}{'s' if count > 1 else ''}"
    raise AssertionError("a whole number of seconds")


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "errors": errors,
    "metrics": metrics,
    "operator-token-errors": operator_token_errors,
    "outcomes": outcomes,
    "imports": imports,
    "performance-sqlite": performance_sqlite,
    "performance-postgres": performance_postgres,
    "growth": growth,
    "journal-cost": journal_cost,
    "journal-reading": journal_reading,
    "shapes": shapes,
    "refusals": refusals,
    "settings": settings,
    "token-errors": token_errors,
    "venue": venue,
    "webhook-retries": webhook_retries,
}
"""By the name that stands in the marker."""
