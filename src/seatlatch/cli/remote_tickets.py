"""How `seatlatch remote` asks for many tickets, with progress, and tells what became of each."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import typer

from seatlatch.cli.exit_codes import DONE_IN_PART, NOTHING_DONE
from seatlatch.cli.file_lines import PART_BYTES_MAX, not_text_problem
from seatlatch.cli.printing import in_columns, note, print_result, visible
from seatlatch.cli.streams import progress_output
from seatlatch.cli.tickets import require_text
from seatlatch.client import (
    Answered,
    AsyncClient,
    AsyncTicketsResult,
    ClientError,
    Failure,
    VerifiedTicket,
)
from seatlatch.domain.label import without_invisible_ends
from seatlatch.domain.refusal import InvalidRequest

PROGRESS_TICKETS = 1_000
"""From so many tickets on a bar is shown, if there is a terminal."""

CTRL_C = "Ctrl-C came. What is not answered may be done or not; it may be sent again."

READER = "seatlatch remote unlock --file -"
"""One of the commands that read tokens from standard input, as an example in a message."""

Verb = Callable[..., Awaitable[AsyncTicketsResult[Any]]]
"""One of the SDK's calls, with all but `on_answer` said."""


def asked_for(tokens: Sequence[str] | None, file: str | None) -> list[str]:
    """All that the command line and the file name. Raises `InvalidRequest`.

    In a file a line is a token. Whitespace and invisible characters around it come from the program
    that wrote the file, so they are left out. A token on the command line is taken as it is.
    """
    asked = list(tokens or ())
    if file is not None:
        lines = (without_invisible_ends(line) for line in _read(file).split("\n"))
        asked += [line for line in lines if line]
    elif not asked:
        raise InvalidRequest("No tickets are given. Name some, or a file of them with --file.")
    require_text(asked)
    return asked


Told = TypeVar("Told")


class Progress:
    """What was answered so far; on a terminal a bar, if there is much to do."""

    def __init__(self, tickets: int) -> None:
        self.answers: list[Answered[Any]] = []
        shown = tickets >= PROGRESS_TICKETS and sys.stderr.isatty()
        self._bar = typer.progressbar(length=tickets, file=progress_output()) if shown else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.__exit__(kind, error, traceback)

    def note(self, answer: Answered[Any]) -> None:
        """One more request was answered."""
        self.answers.append(answer)
        if self._bar:
            self._bar.update(len(answer.success) + len(answer.failure))


class Outcome(NamedTuple):
    """What became of all tickets. `problem`: what ended it early, and `unanswered` whom it left."""

    success: Sequence[Any]
    failure: Sequence[Failure]
    request_ids: Sequence[str]
    unanswered: Sequence[str] = ()
    problem: str | None = None


def run(client: AsyncClient, work: Callable[[], Awaitable[Told]]) -> Told:
    """What `work` answers, and with that the client is closed. Raises a `ClientError`."""

    async def within() -> Told:
        async with client:
            return await work()

    return asyncio.run(within())


def tell_tickets(
    client: AsyncClient, verb: Verb, asked: Sequence[str], done: str, as_json: bool
) -> None:
    """Do it, tell what became of each ticket, and exit with what became of the whole."""
    outcome = _outcome(client, verb, asked)
    document = {
        "success": outcome.success,
        "failure": outcome.failure,
        "requestIds": outcome.request_ids,
        "unanswered": outcome.unanswered,
        "error": outcome.problem,
    }
    changed = bool(outcome.success) and done != "verified"
    print_result(as_json, document, _lines(outcome, done), changed=changed)
    if outcome.problem is not None:
        note(f"seatlatch: {visible(outcome.problem)}")
    if outcome.failure or outcome.problem is not None:
        raise typer.Exit(DONE_IN_PART if outcome.success else NOTHING_DONE)


def _outcome(client: AsyncClient, verb: Verb, asked: Sequence[str]) -> Outcome:
    """Raises `KeyboardInterrupt` if nothing at all was answered before."""
    with Progress(len(asked)) as progress:
        try:
            result = run(client, partial(verb, on_answer=progress.note))
        except ClientError as error:
            return _cut_off(progress.answers, asked, str(error))
        except KeyboardInterrupt:
            if not progress.answers:
                raise
            return _cut_off(progress.answers, asked, CTRL_C)
    return Outcome(result.success, result.failure, result.request_ids)


def _cut_off(answers: Sequence[Answered[Any]], asked: Sequence[str], problem: str) -> Outcome:
    """What was answered before, in the order of what was asked."""
    success = {row.asked_for: row for answer in answers for row in answer.success}
    failure = {row.asked_for: row for answer in answers for row in answer.failure}
    asked = list(dict.fromkeys(asked))
    return Outcome(
        [success[one] for one in asked if one in success],
        [failure[one] for one in asked if one in failure],
        [answer.request_id for answer in answers],
        [one for one in asked if one not in success and one not in failure],
        problem,
    )


def _lines(outcome: Outcome, done: str) -> list[str]:
    """Of tickets that were verified, all; else only of those that failed. Then the numbers."""
    rows = [
        (row.asked_for, row.status, f"mpreserve {row.mpreserve}", row.external_listing_id or "")
        for row in outcome.success
        if isinstance(row, VerifiedTicket)
    ]
    rows += [
        (failed.asked_for or "", failed.type, failed.developer_message, "")
        for failed in outcome.failure
    ]
    lines = in_columns(rows) if rows else []
    counts = [f"{len(outcome.success):,} {done}"]
    if outcome.failure:
        counts.append(f"{len(outcome.failure):,} failed")
    if outcome.unanswered:
        counts.append(f"{len(outcome.unanswered):,} not answered")
    return [*lines, f"{', '.join(counts)}."]


def _read(file: str) -> str:
    """The text in a file, or on standard input; a byte order mark is none of it."""
    try:
        content = _standard_input() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InvalidRequest(f"Can't read {file} ({error.strerror}).") from None
    name = "Standard input" if file == "-" else file
    if problem := not_text_problem(content[:PART_BYTES_MAX], READER):
        raise InvalidRequest(f"{name} {problem}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{name} is not UTF-8 at byte {error.start}.") from None


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise InvalidRequest("Standard input is closed. Give the tokens of a file.")
    return sys.stdin.buffer.read()
