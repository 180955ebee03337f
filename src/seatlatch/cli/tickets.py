"""`seatlatch tickets`: what the box office does to tickets, beside a server that may run."""

import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from getpass import getuser
from typing import Annotated
from uuid import uuid4

import typer

from seatlatch.cli.exit_codes import DONE_IN_PART, NOTHING_DONE
from seatlatch.cli.options import AsJson, Database, group, settings_for
from seatlatch.cli.printing import print_result
from seatlatch.cli.ticket_lines import FAILURES, UNCONFIRMED, Failure, outcome_line, ticket_lines
from seatlatch.commit import Commits
from seatlatch.domain.journal import Asker
from seatlatch.domain.label import label_problem, shortened
from seatlatch.domain.outcome import SUCCESSES, TicketResult
from seatlatch.domain.refusal import InvalidRequest, Unavailable
from seatlatch.operations import box_office
from seatlatch.operations.provision import NotDone
from seatlatch.operator.answers import shown_ticket
from seatlatch.operator.schemas import HOLD_SECONDS_MAX, ShownTicket
from seatlatch.store.interface import Snapshot
from seatlatch.wiring import change, look

AT_ONCE_TOKENS = 1_000
"""One transaction changes at most so many tickets, so that a running server is not held up."""

Verb = Callable[[Commits, Asker, Sequence[str]], Awaitable[list[TicketResult]]]
"""One of `operations.box_office`, with all but the tickets said."""

Results = dict[str, TicketResult | None]
"""By token what became of it, in the order asked; None = nobody has confirmed it."""

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
        help="When the hold ends by itself. [default: not before it is released]",
    ),
]


@tickets.command(epilog="Example: seatlatch tickets show 98973476444")
def show(token: Token, database: Database = None, as_json: AsJson = False) -> None:
    """Show all that is known of a ticket, the seller's personal data included."""
    require_text([token])

    async def work(snapshot: Snapshot) -> ShownTicket | None:
        found = (await snapshot.read_whole_tickets([token])).get(token)
        return shown_ticket(found, await snapshot.moment()) if found else None

    ticket = look(settings_for(database).database_url, work)
    if ticket is None:
        raise NotDone(
            f"There is no ticket {shortened(token)}. Look whether the token is typed right."
        )
    print_result(as_json, ticket, ticket_lines(ticket), changed=False)


@tickets.command(epilog="Example: seatlatch tickets hold 98973476444 --reason 'broken seat'")
def hold(
    tokens: Tokens,
    reason: Reason,
    hold_seconds: HoldFor = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Hold seats: set their seat status to LOCK. One that is held takes the new reason and end."""
    _require_reason(reason)
    verb = partial(box_office.hold_tickets, reason=reason, seconds=hold_seconds)
    _do(verb, tokens, database, as_json)


@tickets.command(epilog="Example: seatlatch tickets release 98973476444")
def release(
    tokens: Tokens, reason: WhyNot = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Release seats that are held: set their seat status to UNLOCK."""
    _require_reason(reason)
    _do(partial(box_office.release_tickets, reason=reason), tokens, database, as_json)


@tickets.command(epilog="Example: seatlatch tickets void 98973476444")
def void(
    tokens: Tokens, reason: WhyNot = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Make tickets void, for good and without asking. Their listings and holds end with that."""
    _require_reason(reason)
    _do(partial(box_office.void_tickets, reason=reason), tokens, database, as_json)


@tickets.command(epilog="Example: seatlatch tickets unlock 98973476444 --reason 'seller phoned'")
def unlock(
    tokens: Tokens, reason: Reason, database: Database = None, as_json: AsJson = False
) -> None:
    """Clear mpreserve on tickets, whichever channel has set it. Their listings end with that."""
    _require_reason(reason)
    _do(partial(box_office.override_unlock, reason=reason), tokens, database, as_json)


def _do(verb: Verb, tokens: Sequence[str], database: str | None, as_json: bool) -> None:
    """Do it to all, tell what became of each, and exit with what became of the whole."""
    require_text(tokens)
    results: Results = dict.fromkeys(tokens)
    asker = at_the_keyboard()
    try:
        change(settings_for(database).database_url, partial(_in_portions, verb, asker, results))
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


def at_the_keyboard() -> Asker:
    """Who runs this command, with a Request-ID of its own."""
    try:
        name = getuser()
    except (OSError, KeyError):  # the user database has no entry for this user
        name = ""
    if label_problem(name):  # also what LOGNAME or USER may hold instead of a name
        name = str(os.getuid())
    return Asker(str(uuid4()), operator=f"command line ({name})")


async def _in_portions(verb: Verb, asker: Asker, results: Results, commits: Commits) -> None:
    """Do it to all, and note portion by portion what became of them.

    Noted where the caller finds it also if this is cut off: by Ctrl-C, or by `Unavailable`.
    """
    tokens = list(results)
    for start in range(0, len(tokens), AT_ONCE_TOKENS):
        done = await verb(commits, asker, tokens[start : start + AT_ONCE_TOKENS])
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
        raise InvalidRequest(f"The reason {problem}. Give one of 1 to 200 characters.")


def require_text(tokens: Sequence[str]) -> None:
    """Raise `InvalidRequest` for a token that is no text.

    What is typed comes as bytes; those that are no text stand as halves of surrogate pairs.
    """
    for token in tokens:
        try:
            token.encode()
        except UnicodeEncodeError:
            raise InvalidRequest(
                f"The token {shortened(token)} is no text in this terminal's encoding."
                " Give it as UTF-8."
            ) from None
