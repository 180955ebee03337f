"""`seatlatch tickets`: the box office's work on tickets, also while a server runs."""

import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from getpass import getuser
from typing import Annotated
from uuid import uuid4

import typer

from seatlatch.cli.exit_codes import DONE_IN_PART, NOTHING_DONE
from seatlatch.cli.options import AsJson, Database, group, settings_for
from seatlatch.cli.output import print_result
from seatlatch.cli.tickets.descriptions import (
    FAILURES,
    UNCONFIRMED,
    Failure,
    outcome_line,
    ticket_lines,
)
from seatlatch.commit import CommitEach, Committer
from seatlatch.domain.journal import Asker
from seatlatch.domain.label import label_problem, shortened
from seatlatch.domain.outcome import SUCCESSES, TicketResult
from seatlatch.domain.refusal import InvalidRequest, NotDone, Unavailable
from seatlatch.operations import change_tickets
from seatlatch.operator_api.schemas import HOLD_SECONDS_MAX, ShownTicket
from seatlatch.operator_api.ticket_rows import shown_ticket
from seatlatch.store.interface import Snapshot
from seatlatch.wiring import look, with_store

PORTION_TOKENS = 1_000
"""The most tickets in one transaction, so that it does not delay a running server."""

Verb = Callable[[Committer, Asker, Sequence[str]], Awaitable[list[TicketResult]]]
"""A function of `operations.change_tickets` with every argument but the tickets bound."""

Results = dict[str, TicketResult | None]
"""The result of each token, in the order of the command line; None = not confirmed."""

tickets = group("Tickets: show, hold, release, void and unlock them.")

Token = Annotated[str, typer.Argument(metavar="TOKEN", help="The ticket.")]
Tokens = Annotated[list[str], typer.Argument(metavar="TOKEN", help="The tickets, one or more.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; 1 to 200 characters.")]
WhyNot = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Why, for the journal; 1 to 200 characters."),
]
HoldFor = Annotated[
    int | None,
    typer.Option(
        "--for",
        metavar="SECONDS",
        min=1,
        max=HOLD_SECONDS_MAX,
        help="When the hold ends by itself. [default: when it is released]",
    ),
]


@tickets.command(epilog="Example: seatlatch tickets show 98973476444")
def show(token: Token, database: Database = None, as_json: AsJson = False) -> None:
    """Show everything about a ticket, including the seller's personal data."""
    require_text([token])

    async def work(snapshot: Snapshot) -> ShownTicket | None:
        found = (await snapshot.tickets.read_whole([token])).get(token)
        return shown_ticket(found, await snapshot.now()) if found else None

    ticket = look(settings_for(database).database_url, work)
    if ticket is None:
        raise NotDone(f"There is no ticket {shortened(token)}. Check the spelling of the token.")
    print_result(as_json, ticket, ticket_lines(ticket), changed=False)


@tickets.command(epilog="Example: seatlatch tickets hold 98973476444 --reason 'broken seat'")
def hold(
    tokens: Tokens,
    reason: Reason,
    hold_seconds: HoldFor = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Hold seats: set their seat status to LOCK. A held seat gets the new reason and end."""
    _require_reason(reason)
    verb = partial(change_tickets.hold_tickets, reason=reason, seconds=hold_seconds)
    _do(verb, tokens, database, as_json)


@tickets.command(epilog="Example: seatlatch tickets release 98973476444")
def release(
    tokens: Tokens, reason: WhyNot = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Release seats that are held: set their seat status to UNLOCK."""
    _require_reason(reason)
    _do(partial(change_tickets.release_tickets, reason=reason), tokens, database, as_json)


@tickets.command(epilog="Example: seatlatch tickets void 98973476444")
def void(
    tokens: Tokens, reason: WhyNot = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Void tickets, permanently and without confirmation. This ends their listings and holds."""
    _require_reason(reason)
    _do(partial(change_tickets.void_tickets, reason=reason), tokens, database, as_json)


@tickets.command(epilog="Example: seatlatch tickets unlock 98973476444 --reason 'seller phoned'")
def unlock(
    tokens: Tokens, reason: Reason, database: Database = None, as_json: AsJson = False
) -> None:
    """Clear mpreserve on tickets of any channel. This ends their listings."""
    _require_reason(reason)
    _do(partial(change_tickets.override_unlock, reason=reason), tokens, database, as_json)


def _do(verb: Verb, tokens: Sequence[str], database: str | None, as_json: bool) -> None:
    """Change all tickets, print the outcome of each, and exit with the overall outcome."""
    require_text(tokens)
    results: Results = dict.fromkeys(tokens)
    asker = command_line_user()
    try:
        with_store(
            settings_for(database).database_url,
            lambda store: _in_portions(verb, asker, results, CommitEach(store)),
        )
    except (Unavailable, KeyboardInterrupt):
        if not any(results.values()):
            raise
    failed = {
        token: FAILURES[result.outcome] if result else UNCONFIRMED
        for token, result in results.items()
        if result is None or result.outcome not in SUCCESSES
    }
    lines = [outcome_line(token, result and result.outcome) for token, result in results.items()]
    print_result(
        as_json,
        _document(asker, results, failed),
        lines,
        changed=len(failed) < len(results),
    )
    if failed:
        raise typer.Exit(DONE_IN_PART if len(failed) < len(results) else NOTHING_DONE)


def command_line_user() -> Asker:
    """The user who runs this command, with a new Request-ID."""
    try:
        name = getuser()
    except (OSError, KeyError):  # the user database has no entry for this user
        name = ""
    if label_problem(name):  # LOGNAME or USER may contain anything
        name = str(os.getuid())
    return Asker(str(uuid4()), operator=f"command line ({name})")


async def _in_portions(verb: Verb, asker: Asker, results: Results, committer: Committer) -> None:
    """Change all tickets in portions, and record the results after each portion.

    The results are in an argument, so that the caller has them also after Ctrl-C or `Unavailable`.
    """
    tokens = list(results)
    for start in range(0, len(tokens), PORTION_TOKENS):
        done = await verb(committer, asker, tokens[start : start + PORTION_TOKENS])
        results.update((result.token, result) for result in done)


def _document(asker: Asker, results: Results, failed: dict[str, Failure]) -> dict[str, object]:
    success = [
        {"token": result.token, "ownerId": result.owner_id, "outcome": result.outcome}
        for result in results.values()
        if result is not None and result.token not in failed
    ]
    failure = [
        {"token": token, "outcome": outcome, "developerMessage": message}
        for token, (outcome, message) in failed.items()
    ]
    return {"requestId": asker.request_id, "success": success, "failure": failure}


def _require_reason(reason: str | None) -> None:
    if reason is not None and (problem := label_problem(reason)):
        raise InvalidRequest(f"The reason {problem}. A reason has 1 to 200 characters.")


def require_text(tokens: Sequence[str]) -> None:
    """Raise `InvalidRequest` for a token that is not text.

    Python represents undecodable bytes of the command line as lone surrogates.
    """
    for token in tokens:
        try:
            token.encode()
        except UnicodeEncodeError:
            raise InvalidRequest(
                f"The token {shortened(token)} is not text in this terminal's encoding. Use UTF-8."
            ) from None
