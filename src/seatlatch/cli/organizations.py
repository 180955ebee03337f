"""`seatlatch org`: the box offices whose tickets are in the inventory."""

from typing import Annotated

import typer

from seatlatch.cli.access import change
from seatlatch.cli.options import AsJson, Author, Database, group, settings_for
from seatlatch.cli.output import in_columns, print_result
from seatlatch.operations.organizations import add_organization, remove_organization
from seatlatch.wiring import look

organizations = group("Box offices, whose tickets are in the inventory.")

OrganizationId = Annotated[str, typer.Argument(metavar="ORG_ID", help="The organization's id.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Its name, for people.")]


@organizations.command(epilog="Example: seatlatch org add 1001 --name 'City Arena'")
def add(
    organization_id: OrganizationId,
    name: Name,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Add an organization. Channels see its tickets once they have a grant for it."""
    change(settings_for(database, author), add_organization, organization_id, name)
    document = {"organizationId": organization_id, "name": name}
    print_result(as_json, document, [f"Added the organization {organization_id}."])


@organizations.command("list", epilog="Example: seatlatch org list --json")
def list_all(database: Database = None, as_json: AsJson = False) -> None:
    """List all organizations."""
    database_url = settings_for(database).database_url
    names = look(database_url, lambda snapshot: snapshot.access.organizations())
    document = [{"organizationId": key, "name": name} for key, name in names.items()]
    nothing = ["There is no organization yet. Add one with `seatlatch org add`."]
    print_result(
        as_json, {"organizations": document}, in_columns(names.items()) or nothing, changed=False
    )


@organizations.command(epilog="Example: seatlatch org remove 1001")
def remove(
    organization_id: OrganizationId,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Remove an organization that has neither tickets nor granted channels, with its events."""
    change(settings_for(database, author), remove_organization, organization_id)
    document = {"organizationId": organization_id}
    print_result(as_json, document, [f"Removed the organization {organization_id}."])
