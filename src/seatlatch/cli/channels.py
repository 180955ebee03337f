"""`seatlatch channel`: the channel partners and their grants."""

from typing import Annotated

import typer

from seatlatch.cli.access import change
from seatlatch.cli.actors import command_line_actor
from seatlatch.cli.options import AsJson, Author, Database, group, settings_for
from seatlatch.cli.output import in_columns, print_result
from seatlatch.commit import CommitEach
from seatlatch.operations import channels as operations
from seatlatch.wiring import look, with_store

channels = group("Channel partners, and the organizations whose tickets they see.")

ChannelCode = Annotated[str, typer.Argument(metavar="CODE", help="The value of PAC-Channel-Code.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Its name, for people.")]
GrantedNow = Annotated[
    list[str],
    typer.Option(
        "--org", metavar="ORG_ID", help="An organization whose tickets it sees. May be repeated."
    ),
]
Organizations = Annotated[
    list[str], typer.Argument(metavar="ORG_ID", help="The ids of one or more organizations.")
]


@channels.command(
    epilog="Example: seatlatch channel add my-application --name 'My market' --org 1001 --org 1002"
)
def add(
    code: ChannelCode,
    name: Name,
    organizations: GrantedNow,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Add a channel with its grants. Then add its applications."""
    added = change(
        settings_for(database, author), operations.add_channel, code, name, organizations
    )
    sentence = f"Added the channel {code}, which sees the tickets of {_named(added.organizations)}."
    print_result(as_json, _document(*added), [sentence])


@channels.command("list", epilog="Example: seatlatch channel list")
def list_all(database: Database = None, as_json: AsJson = False) -> None:
    """List all channels with their grants."""
    database_url = settings_for(database).database_url
    entries = look(database_url, lambda snapshot: snapshot.access.channels())
    document = {"channels": [_document(*entry) for entry in entries]}
    rows = [(entry.code, entry.name, _named(entry.organizations)) for entry in entries]
    nothing = ["There is no channel yet. Add one with `seatlatch channel add`."]
    print_result(as_json, document, in_columns(rows) or nothing, changed=False)


@channels.command(epilog="Example: seatlatch channel remove my-application")
def remove(
    code: ChannelCode, author: Author = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Remove a channel that has no application and has locked no ticket."""
    settings = settings_for(database, author)
    actor = command_line_actor(settings)
    with_store(
        settings.database_url,
        lambda store: operations.remove_channel(store, CommitEach(store), actor, code),
        is_patient=True,
    )
    print_result(as_json, {"channelCode": code}, [f"Removed the channel {code}."])


@channels.command(epilog="Example: seatlatch channel grant my-application 1003 1004")
def grant(
    code: ChannelCode,
    organizations: Organizations,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Let a channel see the tickets of organizations. Existing grants stay."""
    granted, already = change(settings_for(database, author), operations.grant, code, organizations)
    document = {"channelCode": code, "granted": granted, "already": already}
    lines = [f"{organization}: granted." for organization in granted]
    lines += [f"{organization}: was already granted." for organization in already]
    print_result(as_json, document, lines, changed=bool(granted))


@channels.command(epilog="Example: seatlatch channel ungrant my-application 1003")
def ungrant(
    code: ChannelCode,
    organizations: Organizations,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Remove grants of a channel. Tickets that it has locked stay locked."""
    ended, already = change(settings_for(database, author), operations.ungrant, code, organizations)
    document = {"channelCode": code, "ungranted": ended, "already": already}
    lines = [f"{organization}: no longer granted." for organization in ended]
    lines += [f"{organization}: was not granted." for organization in already]
    print_result(as_json, document, lines, changed=bool(ended))


def _document(code: str, name: str, organizations: tuple[str, ...]) -> dict[str, object]:
    return {"channelCode": code, "name": name, "organizations": organizations}


def _named(organizations: tuple[str, ...]) -> str:
    return ", ".join(organizations) or "no organization"
