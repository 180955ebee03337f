"""`seatlatch backup`: copy a SQLite database into a new file while the service runs."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from seatlatch.cli.options import AsJson, Database, settings_for
from seatlatch.cli.output import print_result
from seatlatch.cli.progress_bar import ProgressBar
from seatlatch.wiring import engine_of

PERCENT = 100
TERMINATED = 128 + signal.SIGTERM
"""The exit code that a shell shows for a process that SIGTERM has ended."""


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The name of the new file, on a local disk.")
    ],
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Copy a SQLite database into a new file, also while the service runs.

    The copy has everything that was acknowledged before the command began. FILE must not exist; it
    gets its name when the copy is complete, checked and on disk, and only its owner can read it.
    For PostgreSQL use pg_dump or pg_basebackup.
    """
    engine = engine_of(settings_for(database).database_url)
    with _stopping_in_order(), ProgressBar(PERCENT, "Copying") as bar:
        progress = _Progress(bar)
        size_bytes = engine.back_up(file, progress.copying)
        progress.copying(1, 1)
    document = {"database": engine.name, "file": str(file.absolute()), "bytes": size_bytes}
    print_result(as_json, document, [f"Copied {engine.name} to {file}: {size_bytes:,} bytes."])


@contextmanager
def _stopping_in_order() -> Iterator[None]:
    """Exit at SIGTERM, as systemd sends it at a shutdown, so that no part of a copy stays."""

    def stop(_number: int, _frame: object) -> NoReturn:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Progress:
    """Moves a bar of 100 steps."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar
        self._shown_percent = 0

    def copying(self, copied_bytes: int, all_bytes: int) -> None:
        """Show how much was copied."""
        percent = min(PERCENT * copied_bytes // all_bytes, PERCENT)
        if percent > self._shown_percent:
            self._bar.advance(percent - self._shown_percent)
            self._shown_percent = percent
