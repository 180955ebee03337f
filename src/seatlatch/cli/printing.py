"""What a command prints: lines for people, or one JSON document. Whole, safe for a terminal."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import typer

from seatlatch.api.body import encode_json
from seatlatch.cli.streams import discard
from seatlatch.sink import STANDARD_ERROR
from seatlatch.text import visible as visible

SHOWN_ONCE = "Note down what is secret now: it is kept as a hash only and can't be shown again."


class ResultLost(Exception):
    """The result was not printed. The message is a sentence that says what became of the work.

    `changed`: the command had changed something before.
    """

    def __init__(self, message: str, *, changed: bool) -> None:
        super().__init__(message)
        self.changed = changed


def print_result(
    as_json: bool,
    document: object,
    lines: Iterable[str],
    *,
    changed: bool = True,
    secret: bool = False,
) -> None:
    """Print the result of a command that has done its work, which `changed` something or not.

    If whoever reads it has gone away, nothing is said: the exit code still tells what became of
    the work. But a `secret` can't be read again. Raises `ResultLost` for one, and if the result
    can't be written for another reason; also at Ctrl-C if something was changed, for nobody is to
    take that for undone.
    """
    if as_json:
        output = encode_json(document) + b"\n"
    else:
        encoding = sys.stdout.encoding if sys.stdout else "utf-8"
        text = "".join(visible(line) + "\n" for line in lines)
        output = text.encode(encoding, "backslashreplace")
    try:
        _write(output)
    except BrokenPipeError as error:
        if secret:
            raise lost(error, changed, secret) from None
    except OSError as error:
        raise lost(error, changed, secret) from None
    except KeyboardInterrupt:
        if not changed:
            raise
        raise lost("Ctrl-C", changed, secret) from None


def note(text: str) -> None:
    """Print a line for people on standard error.

    If that can't be written, the command goes on: its exit code says what happened to the data.
    """
    STANDARD_ERROR.flush()  # a progress bar is drawn there
    try:
        typer.echo(text, err=True)
    except OSError:
        discard(sys.stderr)


def in_columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of a table without lines, each column as wide as its widest cell."""
    table = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def for_people(moment: datetime) -> str:
    """A moment (aware UTC) to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _write(output: bytes) -> None:
    if sys.stdout is None:
        raise OSError("it is closed")
    STANDARD_ERROR.flush()
    try:
        sys.stdout.buffer.write(output)
        sys.stdout.buffer.flush()
    except BaseException:
        discard(sys.stdout)
        raise


def lost(cause: OSError | str, changed: bool, secret: bool = False) -> ResultLost:
    """The exception for a result that was not printed."""
    cause = getattr(cause, "strerror", None) or str(cause)
    what = "What could be done is done." if changed else "Nothing was changed."
    if secret:
        what = "What could be done is done, but the secret was not shown: get a new one."
    return ResultLost(f"Standard output can't be written ({cause}). {what}", changed=changed)
