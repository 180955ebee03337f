"""Sends the calls of `seatlatch remote` for many tickets, and prints the outcome of each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import typer

from seatlatch.cli.exit_codes import DONE_IN_PART, NOTHING_DONE
from seatlatch.cli.output import in_columns, note, print_result, visible
from seatlatch.cli.progress_bar import ProgressBar
from seatlatch.cli.token_files import read_text, require_text, tokens_in_lines
from seatlatch.client import (
    Answered,
    AsyncClient,
    AsyncTicketsResult,
    ClientError,
    Failure,
    VerifiedTicket,
)
from seatlatch.domain.refusal import InvalidRequest

PROGRESS_TICKETS = 1_000
"""The least number of tickets for which a terminal shows a progress bar."""

CTRL_C = (
    "Interrupted by Ctrl-C. Tickets without a response may have been changed; it is safe to send"
    " them again."
)

READER = "seatlatch remote unlock --file -"
"""A command that reads standard input, for the message about a compressed file."""

Verb = Callable[..., Awaitable[AsyncTicketsResult[Any]]]
"""A call of the client with every argument but `on_answer` bound."""


def given_tokens(tokens: Sequence[str] | None, file: str | None) -> list[str]:
    """The tokens on the command line and in the file. Raises `InvalidRequest`.

    Each line of a file is a token. Whitespace and invisible characters around it come from the
    program that wrote the file and are removed. A token on the command line stays as it is.
    """
    given = list(tokens or ())
    if file is not None:
        given += tokens_in_lines(read_text(file, READER))
    elif not given:
        raise InvalidRequest("No tickets are given. Pass tokens, or a file of them with --file.")
    require_text(given)
    return given


Value = TypeVar("Value")


class Progress:
    """The responses so far, and on a terminal a progress bar if there are many tickets."""

    def __init__(self, tickets: int) -> None:
        self.responses: list[Answered[Any]] = []
        self.bar = ProgressBar(tickets, is_wanted=tickets >= PROGRESS_TICKETS)

    def note(self, response: Answered[Any]) -> None:
        """Record the response to a request."""
        self.responses.append(response)
        self.bar.advance(len(response.success) + len(response.failure))


class Outcome(NamedTuple):
    """The outcome of all tickets. `problem`: why it ended early, with `unanswered` tickets left."""

    success: Sequence[Any]
    failure: Sequence[Failure]
    request_ids: Sequence[str]
    unanswered: Sequence[str] = ()
    problem: str | None = None


def run(client: AsyncClient, work: Callable[[], Awaitable[Value]]) -> Value:
    """Run `work`, close the client and return the result. Raises `ClientError`."""

    async def run_and_close() -> Value:
        async with client:
            return await work()

    return asyncio.run(run_and_close())


def change_tickets(
    client: AsyncClient, verb: Verb, given: Sequence[str], done: str, as_json: bool
) -> None:
    """Call `verb`, print the outcome of each ticket, and exit with the overall outcome."""
    outcome = _outcome(client, verb, given)
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


def _outcome(client: AsyncClient, verb: Verb, given: Sequence[str]) -> Outcome:
    """Call `verb`. Raises `KeyboardInterrupt` if there was no response before it."""
    progress = Progress(len(given))
    with progress.bar:
        try:
            result = run(client, partial(verb, on_answer=progress.note))
        except ClientError as error:
            return _partial_outcome(progress.responses, given, str(error))
        except KeyboardInterrupt:
            if not progress.responses:
                raise
            return _partial_outcome(progress.responses, given, CTRL_C)
    return Outcome(result.success, result.failure, result.request_ids)


def _partial_outcome(
    responses: Sequence[Answered[Any]], given: Sequence[str], problem: str
) -> Outcome:
    """The outcome of the tickets with a result, in the order of the command line."""
    success = {row.asked_for: row for response in responses for row in response.success}
    failure = {row.asked_for: row for response in responses for row in response.failure}
    tokens = list(dict.fromkeys(given))
    return Outcome(
        [success[one] for one in tokens if one in success],
        [failure[one] for one in tokens if one in failure],
        [response.request_id for response in responses],
        [one for one in tokens if one not in success and one not in failure],
        problem,
    )


def _lines(outcome: Outcome, done: str) -> list[str]:
    """A line for each verified or failed ticket, and then the counts."""
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
