"""The parts of the pages that are made from the code, each a function that returns Markdown.

Reads the service's own tables, and the newest result in bench/results/. `docs.generate` puts them
into the pages.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import typer
from prometheus_client import Metric
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from seatlatch.api.answers import failed_ticket
from seatlatch.api.problems import ALL_LOCKED, INTERNAL_ERROR, NONE_SUCCEEDED, PROBLEMS, Problem
from seatlatch.cli.main import app
from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.rules import judge_unlock
from seatlatch.domain.ticket import Ticket
from seatlatch.sandbox import data
from seatlatch.settings import TABLE
from seatlatch.store.interface import NewTicket
from seatlatch.telemetry import Metrics

RESULTS = Path(__file__).parent.parent / "bench" / "results"

RETRY_ACTIONS = {
    408: "send it again on a new connection",
    429: "wait as `Retry-After` says, then send again",
    503: "wait as `Retry-After` says, then send again",
}
"""What to do where sending again helps, by status."""

OUTCOME_MEANINGS = {
    Outcome.UNKNOWN: "There is no such ticket, or its organization granted the channel nothing.",
    Outcome.VOIDED: "The ticket was cancelled or issued anew.",
    Outcome.SEAT_LOCKED: "The seat status is `LOCK`: a box-office operation holds the record.",
    Outcome.RESERVED_ELSEWHERE: "Another channel has set mpreserve.",
    Outcome.UNLOCKED: "mpreserve was cleared by this request.",
    Outcome.ALREADY_UNLOCKED: "mpreserve was not set, so nothing had to be done.",
}

PERFORMANCE_COLUMNS = {
    "tokens": "tokens",
    "ours_per_second": "ours/s",
    "loop_per_second": "loop/s",
    "ratio": "ratio",
    "flips_per_second": "flips/s",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "server_cpu_seconds_per_1000_requests": "CPU s/1000",
}
"""The members of a size in a result of `bench.unlock`, with their column."""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def retry_cells(status: int, retry: bool) -> tuple[str, str, str]:
    """Retry possible, retry count, ultimate action; the document's own words where it is no."""
    if not retry:
        return "no", "0", "caller to analyze"
    return "yes", "not limited", RETRY_ACTIONS[status]


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
                *retry_cells(problem.status, problem.retry),
                "ERROR",
            )
            for problem in sorted(problems, key=by_status)
        ),
    )


def by_status(problem: Problem) -> int:
    """The order of the catalogue."""
    return problem.status


def token_errors() -> str:
    """Every error of a single token, as an entry of `failure`."""
    columns = ("Type", "appErrorCode", "developerMessage", "Outcomes", "Retry possible")
    cases: dict[tuple[str, str, str], list[str]] = {}
    for outcome in list(Outcome)[:4]:
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
                *retry_cells(0, False),
                "ERROR",
            )
            for (kind, code, message), outcomes in cases.items()
        ),
    )


def outcomes() -> str:
    """What can become of a token, in order of precedence."""
    rows = []
    for number, outcome in enumerate(Outcome, 1):
        rows.append((number, f"`{outcome}`", OUTCOME_MEANINGS[outcome], _list_of(outcome)))
    return table(("", "Outcome", "When", "Listed in"), rows)


def _list_of(outcome: Outcome) -> str:
    if outcome in {Outcome.UNLOCKED, Outcome.ALREADY_UNLOCKED}:
        return "`success`"
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


def commands() -> str:
    """Every command with its options; a group's own sentence stands before its commands."""
    parts = []
    for name, command in every_command():
        level = "#" * len(name.split())
        parts.append(f"{level} {name}\n\n{command.help}")
        if not isinstance(command, TyperGroup):
            parts += filter(None, (example(command), options(command)))
    return "\n\n".join(parts)


def every_command() -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Every command by its whole name, a group followed by its commands."""
    whole = typer.main.get_command(app)
    assert isinstance(whole, TyperGroup)  # noqa: S101 - tells mypy what an app with commands is
    return _below("seatlatch", whole)


def _below(name: str, group: TyperGroup) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    for own_name, command in group.commands.items():
        assert isinstance(command, TyperCommand | TyperGroup)  # noqa: S101 - as above
        yield f"{name} {own_name}", command
        if isinstance(command, TyperGroup):
            yield from _below(f"{name} {own_name}", command)


def example(command: TyperCommand) -> str:
    """The example that ends a command's help, if it has one."""
    typed = (command.epilog or "").removeprefix("Example: ")
    return f"```sh\n{typed}\n```" if typed else ""


def options(command: TyperCommand) -> str:
    """A command's arguments and options. The text is the command's own, free of any terminal."""
    rows: list[tuple[str, str]] = []
    for parameter in command.params:
        if isinstance(parameter, TyperOption):
            metavar = "" if parameter.is_flag else f" {parameter.metavar}"
            rows.append((f"`{parameter.opts[0]}{metavar}`", plain(parameter.help)))
        elif isinstance(parameter, TyperArgument):
            rows.append((f"`{parameter.metavar or parameter.name}`", plain(parameter.help)))
    rows.append(("`--help`", "Show this message and exit."))
    return table(("Option", "Meaning"), rows)


def plain(text: str | None) -> str:
    """A help text without the escapes that keep brackets from being taken for markup."""
    return (text or "").replace("\\[", "[")


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


def performance() -> str:
    """The newest figures, or that there are none."""
    results = [json.loads(file.read_text()) for file in RESULTS.glob("*.json")]
    if not results:
        return "Not measured yet."
    newest: dict[str, Any] = max(results, key=lambda result: str(result["when"]))
    figures = table(
        tuple(PERFORMANCE_COLUMNS.values()),
        ([size[member] for member in PERFORMANCE_COLUMNS] for size in newest["sizes"]),
    )
    return f"""\
Measured {newest["when"][:10]} on {newest["machine"]}: {newest["tickets"]:,} tickets, \
{newest["connections"]} connections, medians of {newest["rounds"]} rounds of \
{newest["seconds"]:g} s.

{figures}

The server gave its first answer {newest["start_seconds"]:.2f} s after its start, and held \
{newest["resident_mebibytes"]:.0f} MiB of memory at the end."""


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "errors": errors,
    "metrics": metrics,
    "outcomes": outcomes,
    "performance": performance,
    "refusals": refusals,
    "settings": settings,
    "token-errors": token_errors,
    "venue": venue,
}
"""By the name that stands in the marker."""
