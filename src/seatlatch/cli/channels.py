"""`seatlatch channel`: the channel partners and what they are granted."""

from typing import Annotated

import typer

from seatlatch.cli.options import AsJson, Database, group, settings_for
from seatlatch.cli.printing import in_columns, print_result
from seatlatch.operations import provision
from seatlatch.wiring import open_provisioning

channels = group("Channel partners, and the organizations whose tickets they see.")

ChannelCode = Annotated[str, typer.Argument(metavar="CODE", help="What PAC-Channel-Code says.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="What people call it.")]
GrantedNow = Annotated[
    list[str],
    typer.Option("--org", metavar="ORG_ID", help="Whose tickets it sees; once for each of them."),
]
Organizations = Annotated[
    list[str], typer.Argument(metavar="ORG_ID", help="One organization's id or more.")
]


@channels.command(
    epilog="Example: seatlatch channel add my-application --name 'My market' --org 1001 --org 1002"
)
def add(
    code: ChannelCode,
    name: Name,
    organizations: GrantedNow,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Add a channel with its grants. Applications that speak for it come next."""
    with open_provisioning(settings_for(database).database_url) as provisioning:
        added = provision.add_channel(provisioning, code, name, organizations)
    sentence = f"Added the channel {code}, which sees the tickets of {_named(added.organizations)}."
    print_result(as_json, _document(*added), [sentence])


@channels.command("list", epilog="Example: seatlatch channel list")
def list_all(database: Database = None, as_json: AsJson = False) -> None:
    """List all channels with their grants."""
    database_url = settings_for(database).database_url
    with open_provisioning(database_url, to_write=False) as provisioning:
        entries = provisioning.channels()
    document = {"channels": [_document(*entry) for entry in entries]}
    rows = [(entry.code, entry.name, _named(entry.organizations)) for entry in entries]
    nobody = ["There is no channel yet. Add one with `seatlatch channel add`."]
    print_result(as_json, document, in_columns(rows) or nobody, changed=False)


@channels.command(epilog="Example: seatlatch channel remove my-application")
def remove(code: ChannelCode, database: Database = None, as_json: AsJson = False) -> None:
    """Remove a channel for which no application speaks and that has locked no ticket."""
    with open_provisioning(settings_for(database).database_url) as provisioning:
        provision.remove_channel(provisioning, code)
    print_result(as_json, {"channelCode": code}, [f"Removed the channel {code}."])


@channels.command(epilog="Example: seatlatch channel grant my-application 1003 1004")
def grant(
    code: ChannelCode,
    organizations: Organizations,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Let a channel see the tickets of organizations. What is granted already stays so."""
    with open_provisioning(settings_for(database).database_url) as provisioning:
        granted, already = provision.grant(provisioning, code, organizations)
    document = {"channelCode": code, "granted": granted, "already": already}
    lines = [f"{organization}: granted." for organization in granted]
    lines += [f"{organization}: was granted already." for organization in already]
    print_result(as_json, document, lines, changed=bool(granted))


@channels.command(epilog="Example: seatlatch channel ungrant my-application 1003")
def ungrant(
    code: ChannelCode,
    organizations: Organizations,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Let a channel no longer see the tickets of organizations. What it has locked stays locked."""
    with open_provisioning(settings_for(database).database_url) as provisioning:
        ended, already = provision.ungrant(provisioning, code, organizations)
    document = {"channelCode": code, "ungranted": ended, "already": already}
    lines = [f"{organization}: no longer granted." for organization in ended]
    lines += [f"{organization}: was not granted." for organization in already]
    print_result(as_json, document, lines, changed=bool(ended))


def _document(code: str, name: str, organizations: tuple[str, ...]) -> dict[str, object]:
    return {"channelCode": code, "name": name, "organizations": organizations}


def _named(organizations: tuple[str, ...]) -> str:
    return ", ".join(organizations) or "nobody"
