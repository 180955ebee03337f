"""`seatlatch remote`: a channel's calls to any service, through the Python client."""

import os
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import httpx
import typer

from seatlatch.cli.options import AsJson, group
from seatlatch.cli.output import for_people, in_columns, print_result
from seatlatch.cli.remote.settings import RemoteSettings, read_remote_settings, token_file
from seatlatch.cli.remote.tickets import change_tickets, given_tokens, run
from seatlatch.client import (
    AsyncClient,
    ClientError,
    EventPage,
    InvalidArgument,
    ListedTicket,
    Seller,
    Source,
    TokenFile,
    TracedRequest,
)
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.settings import SettingProblem

Result = TypeVar("Result")

remote = group("Call a service as a channel does: unlock, lock, verify, look up.")

Tokens = Annotated[
    list[str] | None, typer.Argument(metavar="TOKEN", help="The tickets, any number.")
]
TokensFile = Annotated[
    str | None,
    typer.Option(
        "--file", metavar="FILE", help="A file with one token a line; - = standard input."
    ),
]
Url = Annotated[
    str | None,
    typer.Option(metavar="URL", help="The service's address. [default: from the settings]"),
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="The settings file. [default: ~/.config/seatlatch/remote.toml]"
    ),
]
OfListing = Annotated[
    str | None, typer.Option(metavar="ID", help="The listing's id at the marketplace.")
]
OfEach = Annotated[
    str | None, typer.Option(metavar="PRICE", help="The price of each ticket, such as 12.50.")
]
OfAll = Annotated[str | None, typer.Option(metavar="PRICE", help="The price of the whole listing.")]
OfSeller = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The seller's name; required unless the source is MY_ACCOUNT."
    ),
]
Sold = Annotated[Source, typer.Option(help="The kind of seller: MY_ACCOUNT, INDIVIDUAL or BROKER.")]
AccessId = Annotated[
    str | None,
    typer.Option(metavar="ID", help="The event. The tickets are then barcodes."),
]
RequestId = Annotated[str, typer.Argument(metavar="REQUEST_ID", help="The Request-ID.")]
After = Annotated[
    str | None,
    typer.Option(metavar="CURSOR", help="Where to continue; latest = from now. [default: oldest]"),
]
Limit = Annotated[
    int | None, typer.Option(metavar="N", help="The most events to show. [default: 100]")
]


@remote.command(epilog="Example: seatlatch remote unlock 98973476444 54457347644")
def unlock(
    tokens: Tokens = None,
    file: TokensFile = None,
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Clear mpreserve on tickets whose listing was taken down."""
    given = given_tokens(tokens, file)
    client = client_for(config, url)
    change_tickets(client, partial(client.tickets.unlock, given), given, "unlocked", as_json)


@remote.command(epilog="Example: seatlatch remote lock 201080101 --listing-id L-1 --price 95.00")
def lock(
    tokens: Tokens = None,
    file: TokensFile = None,
    source: Sold = "MY_ACCOUNT",
    listing_id: OfListing = None,
    price: OfEach = None,
    total_price: OfAll = None,
    first_name: OfSeller = None,
    last_name: OfSeller = None,
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Set mpreserve on tickets that are being listed, or replace their listing."""
    each = _price("--price", price)
    given = given_tokens(tokens, file)
    client = client_for(config, url)
    verb = partial(
        client.tickets.lock,
        [ListedTicket(token, each) for token in given],
        source=source,
        external_listing_id=listing_id,
        total_price=_price("--total-price", total_price),
        seller=Seller(last_name or "", first_name or "") if first_name or last_name else None,
    )
    change_tickets(client, verb, given, "locked", as_json)


@remote.command(epilog="Example: seatlatch remote verify 98973476444")
def verify(
    tokens: Tokens = None,
    file: TokensFile = None,
    access_id: AccessId = None,
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show the state of tickets, by token or by barcode. It changes nothing."""
    given = given_tokens(tokens, file)
    client = client_for(config, url)
    verb = partial(client.tickets.verify, given)
    if access_id is not None:
        verb = partial(client.tickets.verify, barcodes=given, access_id=access_id)
    change_tickets(client, verb, given, "verified", as_json)


@remote.command(epilog="Example: seatlatch remote request 7d444840-9dc0-41d1-b245-5ffdce74fad2")
def request(
    request_id: RequestId, url: Url = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Show the outcome of a request of this channel."""
    client = client_for(config, url)
    found = send(client, partial(client.requests.get, request_id))
    lines = [line for one in found for line in _request_lines(one)]
    print_result(as_json, {"requests": found}, lines, changed=False)


@remote.command(epilog="Example: seatlatch remote events --after latest")
def events(
    after: After = None,
    limit: Limit = None,
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show the changes of the tickets that this channel can see."""
    client = client_for(config, url)
    page = send(client, partial(client.events.read, after, limit=limit))
    print_result(as_json, page, _event_lines(page), changed=False)


def send(client: AsyncClient, work: Callable[[], Awaitable[Result]]) -> Result:
    """Send one request and return its result. Raises `NotDone` if it failed."""
    try:
        return run(client, work)
    except ClientError as problem:
        raise NotDone(str(problem)) from None


def client_for(config: Path | None, url: str | None) -> AsyncClient:
    """Make the client from all settings. Raises `SettingProblem`."""
    settings = read_remote_settings(os.environ, config, url)
    try:
        return AsyncClient(
            settings.url,
            application_id=settings.application_id,
            api_key=settings.api_key,
            channel_code=settings.channel_code,
            access_token=settings.access_token,
            authorization_code=settings.authorization_code,
            refresh_token=settings.refresh_token,
            token_store=_token_store(settings),
            user_agent=settings.user_agent,
        )
    except InvalidArgument as problem:
        field = "url" if problem.argument == "base_url" else problem.argument
        source = settings.sources.get(field, problem.argument)
        raise SettingProblem(f"{source} {problem.rule.rstrip('.')}.") from None
    except ClientError as problem:
        raise SettingProblem(str(problem)) from None


def _token_store(settings: RemoteSettings) -> TokenFile | None:
    """The store of tokens that are renewed; None = there is only an access token."""
    if settings.token_file is not None:
        return TokenFile(settings.token_file)
    if settings.authorization_code is None and settings.refresh_token is None:
        return None
    try:
        host = httpx.URL(settings.url).netloc.decode()
    except (httpx.InvalidURL, UnicodeError):
        raise InvalidArgument("base_url", "must be like https://api.example.com") from None
    return TokenFile(token_file(os.environ, settings.application_id, host))


def _price(option: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite():
        raise InvalidRequest(f"{option} must be a number such as 12.50, not {text!r}.")
    return price


def _request_lines(found: TracedRequest) -> list[str]:
    timestamp = for_people(found.timestamp) if found.timestamp else "?"
    damaged = "(damaged)" if found.damaged else None
    words = [timestamp, found.verb or "?", found.refusal, damaged]
    lines = ["  ".join(word for word in words if word)]
    rows = [(ticket.token, ticket.outcome) for ticket in (*found.success, *found.failure)]
    return lines + ([f"  {line}" for line in in_columns(rows)] if rows else [])


def _event_lines(page: EventPage) -> list[str]:
    rows = [
        (for_people(event.timestamp), event.token, event.change, f"by {event.by}")
        for event in page.events
    ]
    more = "There are more events: " if page.more else "To continue later: "
    return [*(in_columns(rows) if rows else []), f"{more}--after {page.next}"]
