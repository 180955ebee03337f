"""`seatlatch org`: the box offices whose tickets are in the inventory."""

from typing import Annotated

import typer

from seatlatch.cli.options import AsJson, Database, group, settings_for
from seatlatch.cli.printing import in_columns, print_result
from seatlatch.operations import provision
from seatlatch.wiring import open_provisioning

organizations = group("Box offices, whose tickets are in the inventory.")

OrganizationId = Annotated[str, typer.Argument(metavar="ORG_ID", help="The organization's id.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="What people call it.")]


@organizations.command(epilog="Example: seatlatch org add 1001 --name 'City Arena'")
def add(
    organization_id: OrganizationId, name: Name, database: Database = None, as_json: AsJson = False
) -> None:
    """Add an organization. A channel sees its tickets once it is granted to it."""
    with open_provisioning(settings_for(database).database_url) as provisioning:
        provision.add_organization(provisioning, organization_id, name)
    document = {"organizationId": organization_id, "name": name}
    print_result(as_json, document, [f"Added the organization {organization_id}."])


@organizations.command("list", epilog="Example: seatlatch org list --json")
def list_all(database: Database = None, as_json: AsJson = False) -> None:
    """List all organizations."""
    database_url = settings_for(database).database_url
    with open_provisioning(database_url, to_write=False) as provisioning:
        names = provisioning.organizations()
    document = [{"organizationId": key, "name": name} for key, name in names.items()]
    nobody = ["There is no organization yet. Add one with `seatlatch org add`."]
    print_result(
        as_json, {"organizations": document}, in_columns(names.items()) or nobody, changed=False
    )


@organizations.command(epilog="Example: seatlatch org remove 1001")
def remove(
    organization_id: OrganizationId, database: Database = None, as_json: AsJson = False
) -> None:
    """Remove an organization that has neither tickets nor channels that it is granted to."""
    with open_provisioning(settings_for(database).database_url) as provisioning:
        provision.remove_organization(provisioning, organization_id)
    document = {"organizationId": organization_id}
    print_result(as_json, document, [f"Removed the organization {organization_id}."])
