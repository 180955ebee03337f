"""`seatlatch tickets import`: import a file of tickets into the inventory."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import Annotated, BinaryIO

import typer

from seatlatch.cli.exit_codes import DONE_IN_PART, NOTHING_DONE
from seatlatch.cli.options import AsJson, Database, settings_for
from seatlatch.cli.output import note, print_result, visible
from seatlatch.cli.progress_bar import ProgressBar
from seatlatch.cli.tickets.file import FileFormat, open_file, read_tickets
from seatlatch.domain.refusal import NotDone, require_identifier
from seatlatch.operations.import_tickets import Imported, import_tickets
from seatlatch.store.importing import BadLine, OrganizationGone, Portion
from seatlatch.store.interface import DatabaseProblem
from seatlatch.wiring import engine_of, look

REDRAW_BYTES = 1 << 20
"""The progress bar is redrawn after this many bytes: drawing it takes time."""

EXAMPLE = "Example: seatlatch tickets import season.csv --org 1001"


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
    org: Annotated[str, typer.Option(metavar="ORG_ID", help="The organization of the tickets.")],
    keep_good: Annotated[
        bool, typer.Option("--keep-good", help="Skip bad lines, instead of importing nothing.")
    ] = False,
    file_format: Annotated[
        FileFormat | None,
        typer.Option(
            "--format", metavar="FORMAT", help="csv or ndjson, whatever the file's name ends in."
        ),
    ] = None,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Accept values that look changed by a spreadsheet.")
    ] = False,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Add tickets from a file, or update the details of existing ones.

    The columns are token, owner_id and, if you have them, access_id, section, row, seat, barcode,
    separated by commas, semicolons or tabs.
    An empty field leaves the value as it is. mpreserve, seat status and void never change.
    If any line is bad, nothing is imported. Safe to run again, also while the server runs.
    """
    require_identifier("organization id", org)
    database_url = settings_for(database).database_url
    with open_file(file, file_format) as opened:
        if look(database_url, lambda snapshot: snapshot.access.unknown_organizations([org])):
            raise NotDone(f"There is no organization {org!r}. Add it with `seatlatch org add`.")
        progress = _Progress(_size_bytes(opened))
        try:
            with engine_of(database_url).importing(org) as importing, progress.bar:
                lines = read_tickets(file, opened, org, progress.read, file_format, as_is=as_is)
                imported = import_tickets(
                    importing, lines, keep_good=keep_good, merged=progress.merged
                )
        except (DatabaseProblem, OrganizationGone, KeyboardInterrupt) as problem:
            if not progress.stored_tickets:
                raise
            note(f"seatlatch: {_cut_off(problem, progress.stored_tickets)}")
            raise typer.Exit(DONE_IN_PART) from None
    _report(imported, as_json)
    if imported.bad_lines:
        done = imported.added + imported.updated + imported.unchanged
        raise typer.Exit(DONE_IN_PART if done else NOTHING_DONE)


def _size_bytes(file: BinaryIO) -> int | None:
    """The size of a file; None for a pipe or a terminal, whose size is unknown."""
    try:
        status = os.fstat(file.fileno())
    except OSError:  # not a file of the operating system
        return None
    return status.st_size if S_ISREG(status.st_mode) else None


class _Progress:
    """The progress of an import, shown on a terminal: first reading, then storing.

    For a file of unknown size it shows the number of bytes that were read.
    """

    def __init__(self, size_bytes: int | None) -> None:
        self._lines = 0
        self._undrawn_bytes = 0
        self._merged_tickets = 0
        self.stored_tickets = 0
        label = "Reading (bytes)" if size_bytes is None else "Reading"
        self.bar = ProgressBar(size_bytes, label)

    def read(self, size_bytes: int) -> None:
        """Count a part of a file that was read."""
        self._lines += 1
        self._undrawn_bytes += size_bytes
        if self._undrawn_bytes >= REDRAW_BYTES:
            self._draw_bytes()

    def merged(self, portion: Portion) -> None:
        """Count a merged portion. It is stored when it or a later portion is durable."""
        tickets = portion.added + portion.updated + portion.unchanged
        if not self._merged_tickets:
            self._draw_bytes()
            self.bar.restart(self._lines, "Storing")
        self.bar.advance(tickets)
        self._merged_tickets += tickets
        if portion.durable:
            self.stored_tickets = self._merged_tickets

    def _draw_bytes(self) -> None:
        self.bar.advance(self._undrawn_bytes)
        self._undrawn_bytes = 0


def _cut_off(problem: BaseException, tickets: int) -> str:
    cause = "" if isinstance(problem, KeyboardInterrupt) else f"{problem} "
    return f"{cause}{tickets:,} tickets were stored before that. Run the command again."


def _report(imported: Imported, as_json: bool) -> None:
    for bad in imported.shown if not as_json else ():
        where = f"line {bad.line}" if bad.column is None else f"line {bad.line}, {bad.column}"
        note(f"{where}: {visible(bad.problem)}")  # it may quote the file
    changed = bool(imported.added or imported.updated)
    print_result(as_json, _document(imported), _summary(imported), changed=changed)


def _summary(imported: Imported) -> Iterator[str]:
    kept, added, updated, unchanged, bad_lines, _ = imported
    if not kept:
        yield (
            f"Nothing was imported: {_bad_lines(bad_lines)}."
            " Correct them, or skip them with --keep-good."
        )
        return
    skipped = f", {_bad_lines(bad_lines)} skipped" if bad_lines else ""
    yield f"{added:,} added, {updated:,} updated, {unchanged:,} unchanged{skipped}."


def _bad_lines(count: int) -> str:
    return "1 bad line" if count == 1 else f"{count:,} bad lines"


def _document(imported: Imported) -> dict[str, object]:
    kept, added, updated, unchanged, bad_lines, shown = imported
    return {
        "kept": kept,
        "added": added,
        "updated": updated,
        "unchanged": unchanged,
        "badLines": bad_lines,
        "bad": [_bad_document(bad) for bad in shown],
    }


def _bad_document(bad: BadLine) -> dict[str, object]:
    return {"line": bad.line, "column": bad.column, "problem": bad.problem}
