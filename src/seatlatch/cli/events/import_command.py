"""`seatlatch events import`: put the events of a file."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from seatlatch.cli.events.rows import read_events
from seatlatch.cli.exit_codes import DONE_IN_PART, NOTHING_DONE
from seatlatch.cli.options import AsJson, Database, settings_for
from seatlatch.cli.output import note, print_result, visible
from seatlatch.cli.tickets.file import FileFormat, open_file
from seatlatch.commit import CommitEach
from seatlatch.domain.label import shortened
from seatlatch.domain.outcome import SUCCESSES, Outcome
from seatlatch.domain.performance import Event
from seatlatch.domain.refusal import Unavailable, require_identifier
from seatlatch.operations.import_tickets import BAD_LINES_SHOWN
from seatlatch.operations.put_events import AT_ONCE_EVENTS, put_events
from seatlatch.store.importing import BadLine
from seatlatch.store.interface import Store
from seatlatch.wiring import look, with_store

EXAMPLE = "Example: seatlatch events import season.csv --org 1001"
PUT_OUTCOMES = (Outcome.ADDED, Outcome.UPDATED, Outcome.UNCHANGED)

Outcomes = dict[int, Outcome]
"""The outcome of each line that was confirmed."""


def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            allow_dash=True,
            help="CSV with a header, or NDJSON; its name ends in .csv or .ndjson;"
            " - = standard input.",
        ),
    ],
    org: Annotated[
        str | None,
        typer.Option(metavar="ORG_ID", help="The organization, if the file does not name it."),
    ] = None,
    file_format: Annotated[
        FileFormat | None,
        typer.Option(
            "--format", metavar="FORMAT", help="csv or ndjson, whatever the file's name ends in."
        ),
    ] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Add events from a file, or update what is known of them.

    The columns are access_id and, if you have them, organization_id, item_name, season_code,
    item_code, starts_at, ends_at, facility_code, facility_name.
    An empty field leaves the value as it is. starts_at and ends_at are RFC 3339 with an offset.
    If any line is bad, nothing is imported. Safe to run again, also while the server runs.
    """
    if org is not None:
        require_identifier("organization id", org)
    database_url = settings_for(database).database_url
    with open_file(file, file_format) as opened:
        events, bad = read_events(file, opened, org, file_format)
    bad += _unknown_organizations(database_url, events)
    outcomes: Outcomes = {}
    if not bad:
        try:
            with_store(database_url, lambda store: _put(store, events, outcomes))
        except (Unavailable, KeyboardInterrupt):
            if not outcomes:
                raise
    bad += [
        _unknown_organization(number, events[number])
        for number, outcome in outcomes.items()
        if outcome not in SUCCESSES
    ]
    _report(outcomes, bad, len(events), as_json)


async def _put(store: Store, events: Mapping[int, Event], outcomes: Outcomes) -> None:
    """Put the events in portions, and record the outcomes after each portion."""
    numbers, request_id = list(events), str(uuid4())
    for start in range(0, len(numbers), AT_ONCE_EVENTS):
        portion = numbers[start : start + AT_ONCE_EVENTS]
        found = await put_events(CommitEach(store), [events[n] for n in portion], request_id)
        outcomes.update(zip(portion, (one.outcome for one in found), strict=True))


def _unknown_organizations(database_url: str, events: Mapping[int, Event]) -> list[BadLine]:
    asked = {event.organization_id for event in events.values()}
    unknown = look(database_url, lambda snapshot: snapshot.access.unknown_organizations(asked))
    return [
        _unknown_organization(number, event)
        for number, event in events.items()
        if event.organization_id in unknown
    ]


def _unknown_organization(number: int, event: Event) -> BadLine:
    return BadLine(
        number,
        "organization_id",
        f"there is no organization {shortened(event.organization_id)}:"
        " add it with `seatlatch org add`",
    )


def _report(outcomes: Outcomes, bad: Sequence[BadLine], events: int, as_json: bool) -> None:
    """Print the result, and exit with the overall outcome."""
    shown = sorted(bad, key=lambda one: one.line)[:BAD_LINES_SHOWN]
    for one in shown if not as_json else ():
        where = f"line {one.line}" if one.column is None else f"line {one.line}, {one.column}"
        note(f"{where}: {visible(one.problem)}")  # it may quote the file
    counts = Counter(outcomes.values())
    document: dict[str, object] = {
        **{str(outcome): counts[outcome] for outcome in PUT_OUTCOMES},
        "unconfirmed": events - len(outcomes) if outcomes else 0,
        "badLines": len(bad),
        "bad": [{"line": one.line, "column": one.column, "problem": one.problem} for one in shown],
    }
    done = sum(counts[outcome] for outcome in PUT_OUTCOMES)
    changed = bool(counts[Outcome.ADDED] or counts[Outcome.UPDATED])
    is_all = done == events and not bad
    print_result(as_json, document, _summary(counts, bad, events, len(outcomes)), changed=changed)
    if not is_all:
        raise typer.Exit(DONE_IN_PART if done else NOTHING_DONE)


def _summary(
    counts: Mapping[Outcome, int], bad: Sequence[BadLine], events: int, confirmed: int
) -> Iterator[str]:
    if bad and not confirmed:
        lines = "1 bad line" if len(bad) == 1 else f"{len(bad):,} bad lines"
        yield f"Nothing was imported: {lines}. Correct them."
        return
    yield ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in PUT_OUTCOMES) + "."
    if confirmed < events:
        yield f"Not confirmed: {events - confirmed:,}. Run the command again."
