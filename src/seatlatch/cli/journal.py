"""`seatlatch journal`: verify, anchor, prune and repair the journal."""

import sys
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from seatlatch.cli.actors import command_line_user
from seatlatch.cli.exit_codes import NOTHING_DONE
from seatlatch.cli.options import AsJson, Author, Database, group, settings_for
from seatlatch.cli.output import note, print_result
from seatlatch.cli.timestamps import date_or_timestamp
from seatlatch.commit import CommitEach
from seatlatch.domain.journal import Asker
from seatlatch.domain.refusal import InvalidRequest, Unavailable
from seatlatch.domain.verification import TAMPERED_ROWS_MAX, NewVerification, Tampered
from seatlatch.operations.journal_heads import repair_heads
from seatlatch.operations.prune_journal import prune_rows, rows_to_prune
from seatlatch.operations.record_verification import record_verification
from seatlatch.operations.verify_journal import Anchor, Step, take_anchor, verify_journal
from seatlatch.presentation.anchors import anchor_text, read_anchor
from seatlatch.store.interface import Store
from seatlatch.wiring import look, with_store

PROGRESS_ROWS = 100_000
"""How many rows pass between two reports of progress."""

journal = group("The journal: verify, anchor, prune and repair it.")

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


@journal.command(epilog="Example: seatlatch journal verify --anchor anchor.json")
def verify(
    anchor: AnchorFile = None,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Verify the whole journal and report the first row of each chain that was tampered with."""
    given = None if anchor is None else _read_anchor(anchor)
    settings = settings_for(database, author)
    actor = command_line_user(settings).operator or ""
    found: list[Tampered] = []
    rows = with_store(settings.database_url, lambda store: _verify(store, actor, given, found))
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
    print_result(as_json or True, anchor_text(taken), [], changed=False)


@journal.command(epilog="Example: seatlatch journal prune --before 2025-12-31")
def prune(
    before: Before, author: Author = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Delete older rows permanently. The rest can still be verified."""
    pruned_before = date_or_timestamp("--before", before)
    settings = settings_for(database, author)
    asker = command_line_user(settings)
    pruned = with_store(settings.database_url, lambda store: _prune(store, asker, pruned_before))
    document = {"requestId": asker.request_id, "before": pruned_before, "rows": pruned}
    print_result(as_json, document, [f"Removed {pruned:,} rows."], changed=pruned > 0)


@journal.command(epilog="Example: seatlatch journal repair")
def repair(author: Author = None, database: Database = None, as_json: AsJson = False) -> None:
    """Move a damaged head to the last row of its chain, so that changes are possible again."""
    settings = settings_for(database, author)
    asker = command_line_user(settings)
    repaired = with_store(
        settings.database_url, lambda store: repair_heads(CommitEach(store), asker)
    )
    document = {"requestId": asker.request_id, "heads": [one._asdict() for one in repaired]}
    lines = [
        f"Chain {chain}: the head {'was missing' if before is None else f'was at {before:,}'}"
        f" and is at {after:,} now."
        for chain, before, after in repaired
    ]
    print_result(as_json, document, lines or ["No head is damaged."], changed=bool(repaired))


async def _verify(store: Store, actor: str, anchor: Anchor | None, found: list[Tampered]) -> int:
    """Verify all and record that, if this user may; returns the number of intact rows."""
    started_at = await store.read(lambda snapshot: snapshot.now())
    rows = await _count(verify_journal(store, anchor), found)
    result = NewVerification(
        started_at,
        actor,
        rows,
        len(found),
        found[:TAMPERED_ROWS_MAX],
        anchor.timestamp if anchor else None,
    )
    try:
        await record_verification(CommitEach(store), result)
    except Unavailable as problem:
        note(f"The result was not recorded in the database. {problem.message}")
    return rows


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


def _read_anchor(path: Path) -> Anchor:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InvalidRequest(
            f"Can't read {path} ({error.strerror}). Use a file with an anchor."
        ) from None
    return read_anchor(str(path), text)
