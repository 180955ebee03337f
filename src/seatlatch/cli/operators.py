"""`seatlatch operator`: the ticketing systems and people that act for the box office."""

from typing import Annotated

import typer

from seatlatch.cli.access import change
from seatlatch.cli.options import AsJson, Database, group, settings_for
from seatlatch.cli.output import SHOWN_ONCE, print_result
from seatlatch.operations.operators import add_operator, revoke_operator
from seatlatch.wiring import look

operators = group("Operators: ticketing systems and people that act for the box office.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name, without spaces.")]


@operators.command(epilog="Example: seatlatch operator add ticketing-system")
def add(name: Name, database: Database = None, as_json: AsJson = False) -> None:
    """Add an operator. Prints its key, only this once."""
    operator_key = change(settings_for(database), add_operator, name)
    lines = [f"Added the operator {name}.", f"Operator key: {operator_key}", SHOWN_ONCE]
    print_result(as_json, {"name": name, "operatorKey": operator_key}, lines, secret=True)


@operators.command("list", epilog="Example: seatlatch operator list")
def list_all(database: Database = None, as_json: AsJson = False) -> None:
    """List all operators."""
    database_url = settings_for(database).database_url
    names = look(database_url, lambda snapshot: snapshot.access.operators())
    nothing = ["There is no operator yet. Add one with `seatlatch operator add`."]
    print_result(
        as_json, {"operators": [{"name": name} for name in names]}, names or nothing, changed=False
    )


@operators.command(epilog="Example: seatlatch operator revoke ticketing-system")
def revoke(name: Name, database: Database = None, as_json: AsJson = False) -> None:
    """Remove an operator. Its key ends at once."""
    change(settings_for(database), revoke_operator, name)
    print_result(as_json, {"name": name}, [f"Revoked {name}: its key is no longer valid."])
