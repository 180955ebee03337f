"""`seatlatch tickets`: the box office's work on tickets, also while a server runs."""

from functools import partial
from typing import Annotated

import typer

from seatlatch.cli.options import AsJson, Author, Database, group, settings_for
from seatlatch.cli.output import print_result
from seatlatch.cli.tickets.change_command import (
    HOLD,
    RELEASE,
    UNLOCK,
    VOID,
    DryRun,
    ResultsPath,
    Ways,
    Yes,
    change_chosen,
)
from seatlatch.cli.tickets.chosen import Tokens, TokensFile, choose
from seatlatch.cli.tickets.descriptions import ticket_lines
from seatlatch.cli.tickets.find import ChannelCode, Event, ListingId, Organization
from seatlatch.cli.token_files import require_text
from seatlatch.domain.label import label_problem, shortened
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.domain.ticket import HOLD_SECONDS_MAX
from seatlatch.operations import change_tickets
from seatlatch.presentation.tickets import ShownTicket, shown_ticket
from seatlatch.store.interface import Snapshot
from seatlatch.wiring import look

tickets = group("Tickets: find, show, hold, release, void and unlock them.")

Token = Annotated[str, typer.Argument(metavar="TOKEN", help="The ticket.")]
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
OverListing = Annotated[
    bool,
    typer.Option("--over-listing", help="Hold tickets also if they are listed; they stay listed."),
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
    reason: Reason,
    tokens: Tokens = None,
    file: TokensFile = None,
    channel: ChannelCode = None,
    listing: ListingId = None,
    event: Event = None,
    organization: Organization = None,
    hold_seconds: HoldFor = None,
    over_listing: OverListing = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    results: ResultsPath = None,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Hold seats: set their seat status to LOCK.

    Of the tickets of a channel, listing or event, those that are not held yet; a held seat that is
    named by its token gets the new reason and end.
    """
    _require_reason(reason)
    chosen = choose(tokens, file, channel, listing, event, organization)
    ways = Ways(settings_for(database, author), as_json, dry_run, yes, results)
    change = partial(
        change_tickets.hold_tickets, reason=reason, seconds=hold_seconds, over_listing=over_listing
    )
    change_chosen(HOLD, change, chosen, ways)


@tickets.command(epilog="Example: seatlatch tickets release 98973476444")
def release(
    tokens: Tokens = None,
    file: TokensFile = None,
    channel: ChannelCode = None,
    listing: ListingId = None,
    event: Event = None,
    organization: Organization = None,
    reason: WhyNot = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    results: ResultsPath = None,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Release seats that are held: set their seat status to UNLOCK."""
    _require_reason(reason)
    chosen = choose(tokens, file, channel, listing, event, organization)
    ways = Ways(settings_for(database, author), as_json, dry_run, yes, results)
    change = partial(change_tickets.release_tickets, reason=reason)
    change_chosen(RELEASE, change, chosen, ways)


@tickets.command(epilog="Example: seatlatch tickets void 98973476444")
def void(
    tokens: Tokens = None,
    file: TokensFile = None,
    channel: ChannelCode = None,
    listing: ListingId = None,
    event: Event = None,
    organization: Organization = None,
    reason: WhyNot = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    results: ResultsPath = None,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Void tickets, permanently. This ends their listings and holds.

    Tickets that are named by their tokens are voided without a question.
    """
    _require_reason(reason)
    chosen = choose(tokens, file, channel, listing, event, organization)
    ways = Ways(settings_for(database, author), as_json, dry_run, yes, results)
    change = partial(change_tickets.void_tickets, reason=reason)
    change_chosen(VOID, change, chosen, ways)


@tickets.command(epilog="Example: seatlatch tickets unlock --channel my-market --reason 'closed'")
def unlock(
    reason: Reason,
    tokens: Tokens = None,
    file: TokensFile = None,
    channel: ChannelCode = None,
    listing: ListingId = None,
    event: Event = None,
    organization: Organization = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    results: ResultsPath = None,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Clear mpreserve on tickets of any channel. This ends their listings.

    Tickets that are held stay listed: release them first.
    """
    _require_reason(reason)
    chosen = choose(tokens, file, channel, listing, event, organization)
    ways = Ways(settings_for(database, author), as_json, dry_run, yes, results)
    change = partial(change_tickets.override_unlock, reason=reason)
    change_chosen(UNLOCK, change, chosen, ways)


def _require_reason(reason: str | None) -> None:
    if reason is not None and (problem := label_problem(reason)):
        raise InvalidRequest(f"The reason {problem}. A reason has 1 to 200 characters.")
