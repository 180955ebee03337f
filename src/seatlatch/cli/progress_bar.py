"""The progress bar of commands, on standard error if that is a terminal."""

import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import typer

from seatlatch.cli.streams import progress_output


class ProgressBar:
    """A progress bar; it shows nothing if standard error is not a terminal.

    `length` None = unknown: the bar shows how many steps are done. `is_wanted` False = it never
    shows anything.
    """

    def __init__(self, length: int | None, label: str = "", *, is_wanted: bool = True) -> None:
        self.is_shown = is_wanted and sys.stderr.isatty()
        self._bar = _new_bar(length, label)

    def __enter__(self) -> Self:
        if self.is_shown:
            self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.is_shown:
            self._bar.__exit__(kind, error, traceback)

    def advance(self, steps: int) -> None:
        """Count steps that are done."""
        if self.is_shown:
            self._bar.update(steps)

    def restart(self, length: int, label: str) -> None:
        """End this bar and begin another one."""
        if self.is_shown:
            self._bar.__exit__(None, None, None)
            self._bar = _new_bar(length, label)
            self._bar.__enter__()


def _new_bar(length: int | None, label: str) -> Any:
    is_known = length is not None
    return typer.progressbar(
        None if is_known else _endless(),
        length,
        label,
        show_eta=is_known,
        show_pos=not is_known,
        file=progress_output(),
    )


def _endless() -> Iterator[int]:
    """An empty iterable for a bar of unknown length, which only `advance` moves."""
    yield from ()
