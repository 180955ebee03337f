"""`seatlatch operator`: those who speak for the box office."""

from typing import Annotated

import typer

from seatlatch.cli.options import AsJson, Database, group, settings_for
from seatlatch.cli.printing import SHOWN_ONCE, print_result
from seatlatch.operations import provision
from seatlatch.wiring import open_provisioning

operators = group("Operators: ticketing systems and people who speak for the box office.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is called, without spaces.")]


@operators.command(epilog="Example: seatlatch operator add ticketing-system")
def add(name: Name, database: Database = None, as_json: AsJson = False) -> None:
    """Add an operator. Prints its key, this once."""
    with open_provisioning(settings_for(database).database_url) as provisioning:
        operator_key = provision.add_operator(provisioning, name)
    lines = [f"Added the operator {name}.", f"Operator key: {operator_key}", SHOWN_ONCE]
    print_result(as_json, {"name": name, "operatorKey": operator_key}, lines, secret=True)


@operators.command("list", epilog="Example: seatlatch operator list")
def list_all(database: Database = None, as_json: AsJson = False) -> None:
    """List all operators."""
    database_url = settings_for(database).database_url
    with open_provisioning(database_url, to_write=False) as provisioning:
        names = provisioning.operators()
    nobody = ["There is no operator yet. Add one with `seatlatch operator add`."]
    print_result(
        as_json, {"operators": [{"name": name} for name in names]}, names or nobody, changed=False
    )


@operators.command(epilog="Example: seatlatch operator revoke ticketing-system")
def revoke(name: Name, database: Database = None, as_json: AsJson = False) -> None:
    """Remove an operator. Its key ends at once."""
    with open_provisioning(settings_for(database).database_url) as provisioning:
        provision.revoke_operator(provisioning, name)
    print_result(as_json, {"name": name}, [f"Revoked {name}: its key is no longer good."])
