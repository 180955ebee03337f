"""`seatlatch audit`: administrative changes and sign-ins."""

from typing import Annotated

import typer

from seatlatch.cli.options import AsJson, Database, settings_for
from seatlatch.cli.output import for_people, in_columns, print_result
from seatlatch.cli.timestamps import date_or_timestamp
from seatlatch.domain.audit import Action, AuditFilters
from seatlatch.operations.read_audit import read_audit
from seatlatch.presentation.audit import (
    PAGE_ENTRIES,
    ShownAuditEntry,
    details_in_words,
    shown_audit,
)
from seatlatch.wiring import look

ENTRIES_MAX = 10_000

OfActor = Annotated[
    str | None,
    typer.Option("--actor", metavar="NAME", help="Only changes by this operator or person."),
]
OfAction = Annotated[
    Action | None,
    typer.Option("--action", metavar="ACTION", help="Only changes of this kind: channel.grant."),
]
OfTarget = Annotated[
    str | None,
    typer.Option("--target", metavar="ID", help="Only changes of the thing with this identifier."),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DATE", help="Only changes since then: 2026-01-31."),
]
Limit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, max=ENTRIES_MAX, help="The most entries to show."),
]


def audit(
    actor: OfActor = None,
    action: OfAction = None,
    target: OfTarget = None,
    since: Since = None,
    limit: Limit = PAGE_ENTRIES,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show administrative changes and sign-ins with their authors, the latest first."""
    start = None if since is None else date_or_timestamp("--since", since)
    filters = AuditFilters(actor, action, target, start)
    page = look(
        settings_for(database).database_url,
        lambda snapshot: read_audit(snapshot, filters, None, limit),
    )
    shown = shown_audit(page, filters)
    lines = in_columns(map(_row, shown.entries)) if shown.entries else ["There is no entry."]
    if shown.next:
        lines.append("There are earlier entries. Use a higher --limit.")
    print_result(as_json, shown, lines, changed=False)


def _row(entry: ShownAuditEntry) -> tuple[str, ...]:
    address = f" from {entry.client_address}" if entry.client_address else ""
    return (
        for_people(entry.timestamp),
        entry.actor + address,
        entry.action,
        entry.target,
        details_in_words(entry.details),
    )
