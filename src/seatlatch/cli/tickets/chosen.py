"""The tickets that a command changes: tokens, a file of them, or all that match."""

from typing import Annotated, NamedTuple

import typer

from seatlatch.cli.tickets.find import ChannelCode, Event, ListingId, Organization
from seatlatch.cli.token_files import STANDARD_INPUT, require_text, tokens_in_file
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket_filter import TicketFilter

READER = "seatlatch tickets unlock --file -"
"""A command that reads standard input, for the message about a compressed file."""

Tokens = Annotated[
    list[str] | None, typer.Argument(metavar="TOKEN", help="The tickets, any number.")
]
TokensFile = Annotated[
    str | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="A file with one token a line, or CSV or NDJSON with a column token;"
        " - = standard input.",
    ),
]


class Chosen(NamedTuple):
    """The tickets of a command: those of `tokens`, or all that match `wanted`.

    `source` says of which tickets it is, for a question; empty = the person has named each one.
    `reads_input`: whether standard input was read for them.
    """

    tokens: list[str]
    wanted: TicketFilter | None
    source: str
    reads_input: bool = False


def choose(
    tokens: Tokens,
    file: TokensFile,
    channel: ChannelCode,
    listing: ListingId,
    event: Event,
    organization: Organization,
) -> Chosen:
    """The tickets that the options name. Raises `InvalidRequest`."""
    wanted = TicketFilter(
        organization_id=organization,
        access_id=event,
        external_listing_id=listing,
        channel_code=channel,
    )
    require_text([value for value in wanted if isinstance(value, str)], what="value")
    is_by_filter = (channel, listing, event) != (None, None, None)
    if is_by_filter and (tokens or file):
        raise InvalidRequest(
            "Name tickets by tokens and --file, or by --channel, --listing and --event, not both."
        )
    if organization is not None and not is_by_filter:
        raise InvalidRequest("--org is only for --channel, --listing and --event. Add one of them.")
    if is_by_filter:
        return Chosen([], wanted, _source(wanted))
    given = list(tokens or ())
    if file is not None:
        given += tokens_in_file(file, READER)
    elif not given:
        raise InvalidRequest(
            "No tickets are given. Pass tokens, --file, --channel, --listing or --event."
        )
    require_text(given)
    is_input = file == STANDARD_INPUT
    source = "" if file is None else f"in {'standard input' if is_input else file}"
    return Chosen(list(dict.fromkeys(given)), None, source, is_input)


def _source(wanted: TicketFilter) -> str:
    names = (
        ("channel", wanted.channel_code),
        ("listing", wanted.external_listing_id),
        ("event", wanted.access_id),
        ("organization", wanted.organization_id),
    )
    chosen = " and ".join(f"of {name} {value!r}" for name, value in names if value is not None)
    # An event is named by its access id within an organization.
    is_of_all = wanted.access_id is not None and wanted.organization_id is None
    return f"{chosen} in all organizations" if is_of_all else chosen
