"""`seatlatch tickets find`: find tickets by what a person knows about them."""

from typing import Annotated

import typer

from seatlatch.cli.options import AsJson, Database, settings_for
from seatlatch.cli.output import print_result
from seatlatch.cli.tickets.descriptions import ticket_table
from seatlatch.cli.token_files import require_text
from seatlatch.domain.ticket_filter import TicketFilter, TicketState
from seatlatch.operations.find_tickets import FoundTickets, find_tickets
from seatlatch.operator_api.schemas import PAGE_TOKENS, PAGE_TOKENS_MAX
from seatlatch.presentation.tickets import shown_page
from seatlatch.store.interface import Store
from seatlatch.wiring import with_store

EXAMPLE = "Example: seatlatch tickets find --section 101 --row A --seat 1"

SHOWN_TICKETS_MAX = 10_000

Organization = Annotated[
    str | None,
    typer.Option("--organization", "--org", metavar="ORG_ID", help="The tickets' organization."),
]
Event = Annotated[
    str | None,
    typer.Option("--event", metavar="ACCESS_ID", help="The event; '' = tickets without an event."),
]
Section = Annotated[str | None, typer.Option("--section", metavar="TEXT", help="The section.")]
Row = Annotated[str | None, typer.Option("--row", metavar="TEXT", help="The row.")]
Seat = Annotated[str | None, typer.Option("--seat", metavar="TEXT", help="The seat.")]
Owner = Annotated[str | None, typer.Option("--owner", metavar="OWNER_ID", help="The owner.")]
Barcode = Annotated[str | None, typer.Option("--barcode", metavar="TEXT", help="The barcode.")]
ListingId = Annotated[
    str | None,
    typer.Option("--listing", metavar="ID", help="The id of the listing at the marketplace."),
]
ChannelCode = Annotated[
    str | None, typer.Option("--channel", metavar="CODE", help="The channel that has listed them.")
]
State = Annotated[
    TicketState | None,
    typer.Option("--state", help="The state. A ticket that is listed and held is held."),
]
IsListed = Annotated[
    bool | None,
    typer.Option("--mpreserve/--no-mpreserve", help="With or without mpreserve, held or not."),
]
Limit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, max=SHOWN_TICKETS_MAX, help="The most to show."),
]


def find(
    organization: Organization = None,
    event: Event = None,
    section: Section = None,
    row: Row = None,
    seat: Seat = None,
    owner: Owner = None,
    barcode: Barcode = None,
    listing: ListingId = None,
    channel: ChannelCode = None,
    state: State = None,
    mpreserve: IsListed = None,
    limit: Limit = PAGE_TOKENS,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Find tickets by any combination of these; without one, all tickets.

    With only a state, channel or mpreserve it reads all tickets until it has found enough.
    """
    wanted = TicketFilter(
        *(organization, event, section, row, seat, owner, barcode, listing, channel),
        state,
        mpreserve,
    )
    require_text([value for value in wanted if isinstance(value, str)], what="value")
    found = with_store(
        settings_for(database).database_url, lambda store: _find(store, wanted, limit)
    )
    page = shown_page(found, wanted, organizations=None)
    lines = ticket_table(page.tickets) or ["No ticket matches."]
    if page.next:
        lines.append("There are more. Use more options, or a higher --limit.")
    print_result(as_json, page, lines, changed=False)


async def _find(store: Store, wanted: TicketFilter, limit: int) -> FoundTickets:
    """As many tickets as are wanted, if there are that many."""
    found = await find_tickets(store, wanted, None, None, min(limit, PAGE_TOKENS_MAX))
    while found.next and (rest := limit - len(found.tickets)):
        more = await find_tickets(store, wanted, None, found.next, min(rest, PAGE_TOKENS_MAX))
        found = more._replace(tickets=[*found.tickets, *more.tickets])
    return found
