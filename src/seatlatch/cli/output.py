"""The output of commands: lines for people or one JSON document, safe for a terminal."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import typer

from seatlatch.cli.streams import discard
from seatlatch.http.body import encode_json
from seatlatch.sink import STANDARD_ERROR
from seatlatch.text import visible as visible

SHOWN_ONCE = "Save the secrets now. Only their hashes are stored, so they can't be shown again."


class ResultLost(Exception):
    """The result was not printed. The message also says whether something was changed.

    `changed`: whether the command had changed something before.
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
    """Print the result of a command, which has `changed` something or not.

    If the reader of the pipe has gone away, nothing happens: the exit code still reports the
    outcome. But a `secret` can't be shown again, so its loss raises `ResultLost`. So does an output
    that can't be written for another reason, and Ctrl-C if something was changed: exit code 130
    would suggest that nothing was.
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

    If that fails the command continues: its exit code reports what happened to the data.
    """
    STANDARD_ERROR.flush()  # a progress bar is drawn there
    try:
        typer.echo(text, err=True)
    except OSError:
        discard(sys.stderr)


def in_columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Format rows as a table, each column as wide as its widest cell."""
    table = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def for_people(timestamp: datetime) -> str:
    """Format an aware UTC timestamp, to the second."""
    return f"{timestamp:%Y-%m-%d %H:%M:%S} UTC"


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
    """Make the exception for a result that was not printed."""
    cause = getattr(cause, "strerror", None) or str(cause)
    what = "The command has finished its work." if changed else "Nothing was changed."
    if secret:
        what = "The command has finished its work, but the secret was not shown: get a new one."
    return ResultLost(f"Standard output can't be written ({cause}). {what}", changed=changed)
