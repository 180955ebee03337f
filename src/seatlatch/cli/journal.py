"""`seatlatch trace`, `seatlatch history` and `seatlatch journal`: the journal."""

import sys
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct

from seatlatch.cli.exit_codes import NOTHING_DONE
from seatlatch.cli.options import AsJson, Database, group, settings_for
from seatlatch.cli.output import for_people, in_columns, note, print_result
from seatlatch.cli.tickets.commands import command_line_user, require_text
from seatlatch.commit import CommitEach
from seatlatch.domain.journal import Asker
from seatlatch.domain.label import shortened
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.journal.rows import Head
from seatlatch.operations.journal_heads import repair_heads
from seatlatch.operations.prune_journal import prune_rows, rows_to_prune
from seatlatch.operations.read_journal import PAGE_REQUESTS, ticket_history, trace_request
from seatlatch.operations.verify_journal import Anchor, Step, Tampered, take_anchor, verify_journal
from seatlatch.operator_api.journal import PAGE_CHANGES, ShownChange, shown_history
from seatlatch.presentation.traces import UUID, Trace, full_traces
from seatlatch.store.interface import Store
from seatlatch.wiring import look, with_store

CHANGES_MAX = 10_000
PROGRESS_ROWS = 100_000
"""How many rows pass between two reports of progress."""

journal = group("The journal: verify, anchor, prune and repair it.")

RequestId = Annotated[
    str,
    typer.Argument(
        metavar="REQUEST_ID", help="The value that was sent, or that the response returned."
    ),
]
Token = Annotated[str, typer.Argument(metavar="TOKEN", help="The ticket.")]
Limit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, max=CHANGES_MAX, help="The most changes to show."),
]
RequestLimit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, max=CHANGES_MAX, help="The most requests to show."),
]
AnchorFile = Annotated[
    Path | None,
    typer.Option(
        "--anchor", metavar="FILE", help="An earlier output of `seatlatch journal anchor`."
    ),
]
Before = Annotated[
    str,
    typer.Option(
        "--before", metavar="DATE", help="A date such as 2026-01-31, or 2026-01-31T12:00:00Z; UTC."
    ),
]


class AnchoredHead(Struct, rename="camel"):
    """The last row of a chain. `hash` is hexadecimal."""

    chain: int
    number: int
    hash: str


class AnchorText(Struct, rename={"journal_key": "journalKey", "timestamp": "moment"}):
    """The JSON form of an anchor."""

    journal_key: str
    timestamp: datetime
    heads: list[AnchoredHead]


def trace(
    request_id: RequestId,
    limit: RequestLimit = PAGE_REQUESTS,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show the request of a Request-ID: its caller, and the outcome of each ticket."""
    if not UUID.fullmatch(request_id):
        raise InvalidRequest(
            f"{shortened(request_id)} is not a Request-ID. A Request-ID is a UUID such as"
            " 0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2."
        )
    url = settings_for(database).database_url
    found = with_store(url, lambda store: trace_request(store, request_id, limit=limit))
    if not found.entries:
        raise NotDone(
            f"The journal has no request {request_id}. Check the spelling. A request without valid"
            " credentials is only in the log."
        )
    traces = full_traces(found)
    lines = [line for traced in traces.requests for line in [*_trace_lines(traced), ""]]
    if traces.next:
        lines = ["There are earlier requests. Use a higher --limit.", "", *lines]
    print_result(as_json, traces, lines[:-1], changed=False)


def history(
    token: Token, limit: Limit = PAGE_CHANGES, database: Database = None, as_json: AsJson = False
) -> None:
    """Show the changes of a ticket and their callers, the latest first."""
    require_text([token])
    url = settings_for(database).database_url
    found = look(url, lambda snapshot: ticket_history(snapshot, token, None, limit))
    if found is None:
        raise NotDone(f"There is no ticket {shortened(token)}. Check the spelling of the token.")
    shown = shown_history(token, found)
    lines = in_columns([_change_row(change) for change in shown.changes])
    if shown.is_pruned:
        lines.append("Earlier changes are no longer in the journal.")
    elif shown.next:
        lines.append("There are earlier changes. Use a higher --limit.")
    nothing = ["Nobody has changed this ticket since the journal began."]
    print_result(as_json, shown, lines or nothing, changed=False)


@journal.command(epilog="Example: seatlatch journal verify --anchor anchor.json")
def verify(anchor: AnchorFile = None, database: Database = None, as_json: AsJson = False) -> None:
    """Verify the whole journal and report the first row of each chain that was tampered with."""
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
    intact = [f"All {rows:,} rows are intact."]
    print_result(as_json, document, lines or intact, changed=False)
    if found:
        raise typer.Exit(NOTHING_DONE)


@journal.command("anchor", epilog="Example: seatlatch journal anchor > anchor.json")
def print_anchor(database: Database = None, as_json: AsJson = True) -> None:
    """Print the journal's current end as JSON. Keep it where nobody can change it."""
    taken = look(settings_for(database).database_url, take_anchor)
    heads = [AnchoredHead(*head[:2], head.row_hash.hex()) for head in taken.heads]
    print_result(
        as_json or True, AnchorText(taken.journal_key, taken.timestamp, heads), [], changed=False
    )


@journal.command(epilog="Example: seatlatch journal prune --before 2025-12-31")
def prune(before: Before, database: Database = None, as_json: AsJson = False) -> None:
    """Delete older rows permanently. The rest can still be verified."""
    pruned_before = _timestamp(before)
    asker = command_line_user()
    pruned = with_store(
        settings_for(database).database_url, lambda store: _prune(store, asker, pruned_before)
    )
    document = {"requestId": asker.request_id, "before": pruned_before, "rows": pruned}
    print_result(as_json, document, [f"Removed {pruned:,} rows."], changed=pruned > 0)


@journal.command(epilog="Example: seatlatch journal repair")
def repair(database: Database = None, as_json: AsJson = False) -> None:
    """Move a damaged head to the last row of its chain, so that changes are possible again."""
    asker = command_line_user()
    repaired = with_store(
        settings_for(database).database_url, lambda store: repair_heads(CommitEach(store), asker)
    )
    document = {"requestId": asker.request_id, "heads": [one._asdict() for one in repaired]}
    lines = [
        f"Chain {chain}: the head {'was missing' if before is None else f'was at {before:,}'}"
        f" and is at {after:,} now."
        for chain, before, after in repaired
    ]
    print_result(as_json, document, lines or ["No head is damaged."], changed=bool(repaired))


async def _count(steps: AsyncIterator[Step], found: list[Tampered]) -> int:
    rows = 0
    async for step in steps:
        if rows // PROGRESS_ROWS < (rows + step.rows) // PROGRESS_ROWS:
            _show_progress(f"{rows + step.rows:,} rows verified")
        rows += step.rows
        if step.tampered:
            found.append(step.tampered)
    return rows


async def _prune(store: Store, asker: Asker, before: datetime) -> int:
    """Prune in portions. It can be interrupted and started again at any time.

    It does not prune rows that this run writes, however far in the future `before` is.
    """
    committer = CommitEach(store)
    before = min(before, await store.read(lambda snapshot: snapshot.now()))
    pruned = 0
    for chain in await store.read(lambda snapshot: snapshot.journal.read_chains()):
        find = partial(rows_to_prune, chain=chain.head.chain, before=before)
        while rows := await store.read(find):
            reported = pruned // PROGRESS_ROWS
            pruned += await prune_rows(committer, asker, rows)
            if pruned // PROGRESS_ROWS > reported:
                _show_progress(f"{pruned:,} rows removed")
    return pruned


def _show_progress(progress: str) -> None:
    if sys.stderr.isatty():
        note(f"{progress} ...")


def _timestamp(text: str) -> datetime:
    try:
        timestamp = datetime.fromisoformat(text)
        return timestamp.replace(tzinfo=timestamp.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"--before {shortened(text)} is not a date such as 2026-01-31."
        ) from None


def _read_anchor(path: Path) -> Anchor:
    try:
        text = msgspec.json.decode(path.read_bytes(), type=AnchorText)
        heads = [Head(one.chain, one.number, bytes.fromhex(one.hash)) for one in text.heads]
    except OSError as error:
        raise InvalidRequest(
            f"Can't read {path} ({error.strerror}). Use a file with an anchor."
        ) from None
    except (msgspec.DecodeError, ValueError):
        raise InvalidRequest(
            f"{path} is not an anchor. Use an output of `seatlatch journal anchor`."
        ) from None
    return Anchor(text.journal_key, text.timestamp, heads)


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
