"""`seatlatch events`: list events with the counts of their tickets, and put them."""

from collections.abc import Sequence
from time import monotonic
from typing import Annotated
from uuid import uuid4

import typer

from seatlatch.cli.events.import_command import EXAMPLE, import_file
from seatlatch.cli.options import AsJson, Database, group, settings_for
from seatlatch.cli.output import in_columns, print_result
from seatlatch.cli.token_files import require_text
from seatlatch.commit import CommitEach
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.performance import Event, event_problem
from seatlatch.domain.refusal import InvalidRequest, NotDone, require_identifier
from seatlatch.operations.event_counts import EventCounter
from seatlatch.operations.list_events import EventQuery, ListedEvent, ListedEvents, list_events
from seatlatch.operations.put_events import put_events
from seatlatch.operator_api.event_schemas import EventsQuery, ShownEvent
from seatlatch.operator_api.events import bound_filters, shown_page
from seatlatch.store.interface import Store
from seatlatch.wiring import with_store

EVENTS_SHOWN = 100
EVENTS_SHOWN_MAX = 10_000

HEADER = (
    *("ORGANIZATION", "ACCESS ID", "NAME", "STARTS AT"),
    *("TOTAL", "FREE", "LISTED", "HELD", "VOIDED"),
)

events = group("Events: the performances to which tickets admit, and the counts of their tickets.")
events.command("import", epilog=EXAMPLE)(import_file)

Timestamp = Annotated[
    str | None,
    typer.Option(
        metavar="TIMESTAMP", help="RFC 3339, such as 2026-11-23T19:30:00-05:00; '' = not known."
    ),
]


@events.command("list", epilog="Example: seatlatch events list --org 1001")
def list_all(
    org: Annotated[
        str | None, typer.Option(metavar="ORG_ID", help="Only events of this organization.")
    ] = None,
    access_id: Annotated[
        str | None,
        typer.Option(
            "--event", metavar="ACCESS_ID", help="Only this event; '' = tickets without an event."
        ),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=EVENTS_SHOWN_MAX, help="The most events to show."),
    ] = EVENTS_SHOWN,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """List events with the number of their tickets in each state.

    Also lists events that only tickets name. A ticket has the first state that applies: voided,
    held, listed, free.
    """
    require_text([text for text in (org, access_id) if text is not None])
    query = EventQuery(org, access_id)
    url = settings_for(database).database_url
    found = with_store(url, lambda store: _find(store, query, limit))
    shown = shown_page(found, bound_filters(EventsQuery(), None))
    lines = in_columns([HEADER, *map(_row, shown.events)]) if shown.events else ["There are none."]
    if shown.next:
        lines.append("There are more events. Use a higher --limit, --org or --event.")
    print_result(as_json, shown, lines, changed=False)


async def _find(store: Store, query: EventQuery, limit: int) -> ListedEvents:
    """The first events of all pages."""
    counter = EventCounter(store, monotonic)
    found: list[ListedEvent] = []
    while True:
        page = await list_events(store, counter, query, limit - len(found))
        found += page.events
        if page.next_after is None or len(found) == limit:
            return ListedEvents(found, page.next_after)
        query = query._replace(after=page.next_after)


def _row(event: ShownEvent) -> Sequence[str]:
    counts = event.counts
    numbers = (event.total, counts.free, counts.listed, counts.held, counts.voided)
    return (
        event.organization_id,
        event.access_id or "(none)",
        event.item_name or "",
        event.starts_at or "",
        *(f"{number:,}" for number in numbers),
    )


@events.command(epilog="Example: seatlatch events put GAME-1 --org 1001 --item-name 'Home - Away'")
def put(
    access_id: Annotated[str, typer.Argument(metavar="ACCESS_ID", help="The event's id.")],
    org: Annotated[str, typer.Option(metavar="ORG_ID", help="The organization of the event.")],
    item_name: Annotated[str | None, typer.Option(metavar="NAME", help="Its name.")] = None,
    season_code: Annotated[str | None, typer.Option(metavar="CODE", help="Its season.")] = None,
    item_code: Annotated[
        str | None, typer.Option(metavar="CODE", help="Its item in the ticketing system.")
    ] = None,
    starts_at: Timestamp = None,
    ends_at: Timestamp = None,
    facility_code: Annotated[
        str | None, typer.Option(metavar="CODE", help="The code of its place.")
    ] = None,
    facility_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The name of its place.")
    ] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Add an event, or update what is known of it. What is not given stays as it is.

    The webhooks of channels that may see the organization receive the change.
    """
    require_identifier("organization id", org)
    event = Event(
        org,
        access_id,
        item_name or None,
        season_code or None,
        item_code or None,
        starts_at,
        ends_at,
        facility_code or None,
        facility_name or None,
    )
    if problem := event_problem(event):
        field, sentence = problem
        name = "ACCESS_ID" if field == "access_id" else f"--{field.replace('_', '-')}"
        raise InvalidRequest(f"The value of {name} {sentence}.")
    request_id = str(uuid4())
    (result,) = with_store(
        settings_for(database).database_url,
        lambda store: put_events(CommitEach(store), [event], request_id),
    )
    if result.outcome is Outcome.UNKNOWN_ORGANIZATION:
        raise NotDone(f"There is no organization {org}. Add it with `seatlatch org add`.")
    document = {
        "organizationId": org,
        "accessId": access_id,
        "outcome": result.outcome,
        "requestId": request_id,
    }
    changed = result.outcome is not Outcome.UNCHANGED
    print_result(as_json, document, [f"{access_id}: {result.outcome}."], changed=changed)
