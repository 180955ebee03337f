"""`seatlatch trace`, `seatlatch history` and `seatlatch journal`: what the journal tells."""

import sys
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct

from seatlatch.api.journal import UUID
from seatlatch.api.traces import Trace, full_traces
from seatlatch.cli.exit_codes import NOTHING_DONE
from seatlatch.cli.options import AsJson, Database, group, settings_for
from seatlatch.cli.printing import for_people, in_columns, print_result
from seatlatch.cli.tickets import at_the_keyboard, require_text
from seatlatch.commit import CommitEach
from seatlatch.domain.journal import Asker
from seatlatch.domain.label import shortened
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.operations.journal_heads import repair_heads
from seatlatch.operations.provision import NotDone
from seatlatch.operations.prune_journal import prune_rows, rows_to_prune
from seatlatch.operations.read_journal import PAGE_REQUESTS, ticket_history, trace_request
from seatlatch.operations.verify_journal import Anchor, Step, Tampered, take_anchor, verify_journal
from seatlatch.operator.journal import PAGE_CHANGES, ShownChange, shown_history
from seatlatch.store.interface import Store
from seatlatch.store.journal import Head
from seatlatch.wiring import look, with_store

CHANGES_MAX = 10_000
TOLD_ROWS = 100_000
"""So often a long walk says how far it is."""

journal = group("The journal: verify, anchor, prune and repair it.")

RequestId = Annotated[
    str, typer.Argument(metavar="REQUEST_ID", help="As it was sent, or as the answer told it.")
]
Token = Annotated[str, typer.Argument(metavar="TOKEN", help="The ticket.")]
Limit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, max=CHANGES_MAX, help="How many changes at most."),
]
RequestLimit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, max=CHANGES_MAX, help="How many requests at most."),
]
AnchorFile = Annotated[
    Path | None,
    typer.Option("--anchor", metavar="FILE", help="What `seatlatch journal anchor` once printed."),
]
Before = Annotated[
    str,
    typer.Option("--before", metavar="DATE", help="As 2026-01-31, or 2026-01-31T12:00:00Z; UTC."),
]


class AnchoredHead(Struct, rename="camel"):
    """Where a chain ended. `hash` in hexadecimal."""

    chain: int
    number: int
    hash: str


class AnchorText(Struct, rename="camel"):
    """An anchor as it is printed and read."""

    journal_key: str
    moment: datetime
    heads: list[AnchoredHead]


def trace(
    request_id: RequestId,
    limit: RequestLimit = PAGE_REQUESTS,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show what was asked under a Request-ID, by whom, and what became of each ticket."""
    if not UUID.fullmatch(request_id):
        raise InvalidRequest(
            f"{shortened(request_id)} is no Request-ID: that is a UUID such as"
            " 0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2."
        )
    url = settings_for(database).database_url
    found = with_store(url, lambda store: trace_request(store, request_id, limit=limit))
    if not found.entries:
        raise NotDone(
            f"The journal has no request {request_id}. Look whether it is typed right, and whether"
            " it was let in: who was not is only logged."
        )
    traces = full_traces(found)
    lines = [line for traced in traces.requests for line in [*_trace_lines(traced), ""]]
    if traces.next:
        lines = ["There are earlier requests: give a higher --limit.", "", *lines]
    print_result(as_json, traces, lines[:-1], changed=False)


def history(
    token: Token, limit: Limit = PAGE_CHANGES, database: Database = None, as_json: AsJson = False
) -> None:
    """Show who changed a ticket, the latest change first."""
    require_text([token])
    url = settings_for(database).database_url
    found = look(url, lambda snapshot: ticket_history(snapshot, token, None, limit))
    if found is None:
        raise NotDone(
            f"There is no ticket {shortened(token)}. Look whether the token is typed right."
        )
    shown = shown_history(token, found)
    lines = in_columns([_change_row(change) for change in shown.changes])
    if shown.is_pruned:
        lines.append("What was before is no longer in the journal.")
    elif shown.next:
        lines.append("There is more before that: give a higher --limit.")
    nothing = ["Nobody has changed this ticket since the journal began."]
    print_result(as_json, shown, lines or nothing, changed=False)


@journal.command(epilog="Example: seatlatch journal verify --anchor anchor.json")
def verify(anchor: AnchorFile = None, database: Database = None, as_json: AsJson = False) -> None:
    """Walk the whole journal and name the first row of each chain that was tampered with."""
    given = None if anchor is None else _read_anchor(anchor)
    found: list[Tampered] = []
    rows = with_store(
        settings_for(database).database_url,
        lambda store: _count(verify_journal(store, given), found),
    )
    document = {
        "rows": rows,
        "tampered": [
            {"chain": chain, "number": number, "what": what} for chain, number, what in found
        ],
    }
    lines = [f"Chain {chain}, row {number}: {what}" for chain, number, what in found]
    well = [f"All {rows:,} rows are as they were written."]
    print_result(as_json, document, lines or well, changed=False)
    if found:
        raise typer.Exit(NOTHING_DONE)


@journal.command("anchor", epilog="Example: seatlatch journal anchor > anchor.json")
def print_anchor(database: Database = None, as_json: AsJson = True) -> None:
    """Print where the journal ends now, to be kept where nobody can change it. Always as JSON."""
    taken = look(settings_for(database).database_url, take_anchor)
    heads = [AnchoredHead(*head[:2], head.row_hash.hex()) for head in taken.heads]
    print_result(
        as_json or True, AnchorText(taken.journal_key, taken.moment, heads), [], changed=False
    )


@journal.command(epilog="Example: seatlatch journal prune --before 2025-12-31")
def prune(before: Before, database: Database = None, as_json: AsJson = False) -> None:
    """Remove what is older, for good. The rest can still be verified."""
    moment = _moment(before)
    asker = at_the_keyboard()
    pruned = with_store(
        settings_for(database).database_url, lambda store: _prune(store, asker, moment)
    )
    document = {"requestId": asker.request_id, "before": moment, "rows": pruned}
    print_result(as_json, document, [f"Removed {pruned:,} rows."], changed=pruned > 0)


@journal.command(epilog="Example: seatlatch journal repair")
def repair(database: Database = None, as_json: AsJson = False) -> None:
    """Move a damaged head to the last row of its chain, so that changes are possible again."""
    asker = at_the_keyboard()
    repaired = with_store(
        settings_for(database).database_url, lambda store: repair_heads(CommitEach(store), asker)
    )
    document = {"requestId": asker.request_id, "heads": [one._asdict() for one in repaired]}
    lines = [
        f"Chain {chain}: the head {'was missing' if before is None else f'was at {before:,}'}"
        f" and is at {after:,} now."
        for chain, before, after in repaired
    ]
    print_result(as_json, document, lines or ["No head stops changes."], changed=bool(repaired))


async def _count(steps: AsyncIterator[Step], found: list[Tampered]) -> int:
    rows = 0
    async for step in steps:
        if rows // TOLD_ROWS < (rows + step.rows) // TOLD_ROWS:
            _tell(f"{rows + step.rows:,} rows looked at")
        rows += step.rows
        if step.tampered:
            found.append(step.tampered)
    return rows


async def _prune(store: Store, asker: Asker, before: datetime) -> int:
    """Portion by portion. It can be broken off and begun again at any time.

    What this very run writes down is not pruned, however far in the future `before` is.
    """
    commits = CommitEach(store)
    before = min(before, await store.read(lambda snapshot: snapshot.moment()))
    pruned = 0
    for chain in await store.read(lambda snapshot: snapshot.read_chains()):
        find = partial(rows_to_prune, chain=chain.head.chain, before=before)
        while rows := await store.read(find):
            told = pruned // TOLD_ROWS
            pruned += await prune_rows(commits, asker, rows)
            if pruned // TOLD_ROWS > told:
                _tell(f"{pruned:,} rows removed")
    return pruned


def _tell(progress: str) -> None:
    if sys.stderr.isatty():
        typer.echo(f"{progress} ...", err=True)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"--before {shortened(text)} is no date. Give one as 2026-01-31."
        ) from None


def _read_anchor(path: Path) -> Anchor:
    try:
        text = msgspec.json.decode(path.read_bytes(), type=AnchorText)
        heads = [Head(one.chain, one.number, bytes.fromhex(one.hash)) for one in text.heads]
    except OSError as error:
        raise InvalidRequest(
            f"Can't read {path} ({error.strerror}). Give the file of an anchor."
        ) from None
    except (msgspec.DecodeError, ValueError):
        raise InvalidRequest(
            f"{path} is no anchor. Give what `seatlatch journal anchor` printed."
        ) from None
    return Anchor(text.journal_key, text.moment, heads)


def _trace_lines(traced: Trace) -> Iterable[str]:
    asked_by = traced.operator or f"{traced.application} for channel {traced.channel}"
    rows = [
        ("request", traced.request_id),
        ("at", for_people(traced.timestamp) if traced.timestamp else None),
        ("by", asked_by if traced.verb else None),
        ("asked for", traced.verb),
        ("reason", traced.reason),
        ("held for", f"{traced.hold_seconds} s" if traced.hold_seconds else None),
        ("refused", traced.refusal),
        ("entry", traced.entry_id),
        ("damaged", "this entry was edited" if traced.damaged is True else None),
    ]
    yield from in_columns([(name, value) for name, value in rows if value is not None])
    for ticket in (*traced.success, *traced.failure):
        version = f" (version {ticket.version})" if isinstance(ticket.version, int) else ""
        yield f"  {ticket.token}: {ticket.outcome.replace('_', ' ')}{version}"


def _change_row(change: ShownChange) -> tuple[str, ...]:
    asked_by = change.operator or f"{change.application} for channel {change.channel}"
    reason = f"because: {change.reason}" if change.reason else ""
    if change.damaged is True:
        asked_by = "damaged" if change.verb is None else f"{asked_by} (damaged)"
    return (
        str(change.version or "?"),
        for_people(change.timestamp) if change.timestamp else "?",
        change.verb or "?",
        asked_by,
        change.request_id or "?",
        reason,
    )
