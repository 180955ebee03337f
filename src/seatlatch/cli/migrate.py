"""`seatlatch migrate`: create a database, or migrate it to the latest schema."""

from typing import Annotated

import typer

from seatlatch.cli.exit_codes import NOTHING_DONE
from seatlatch.cli.options import AsJson, Database, settings_for
from seatlatch.cli.output import print_result
from seatlatch.wiring import engine_of

Check = Annotated[
    bool,
    typer.Option("--check", help="Change nothing; exit with 1 if migrations are missing."),
]


Distribute = Annotated[
    bool,
    typer.Option(
        "--distribute", help="Distribute the tickets over the nodes of a Citus cluster as well."
    ),
]

DISTRIBUTION = "distribution"
"""The name of this step, beside the names of migrations."""


def migrate(
    database: Database = None,
    check: Check = False,
    distribute: Distribute = False,
    as_json: AsJson = False,
) -> None:
    """Create the tables, or migrate them to the latest schema.

    With SQLite it creates the file, with PostgreSQL the schema in an existing database. Several
    processes may run it at once.
    """
    engine = engine_of(settings_for(database).database_url)
    is_missing = distribute and not engine.is_distributed()
    if check:
        due = engine.due_migrations() + [DISTRIBUTION] * is_missing
        _check(engine.name, due, as_json)
        return
    applied = engine.make_or_migrate("inventory")
    if is_missing and engine.distribute():
        applied.append(DISTRIBUTION)
    sentence = f"{engine.name} was already up to date."
    if applied:
        sentence = f"{engine.name} is now up to date. Applied: {', '.join(applied)}."
    document = {"database": engine.name, "applied": applied}
    print_result(as_json, document, [sentence], changed=bool(applied))


def _check(name: str, due: list[str], as_json: bool) -> None:
    sentence = f"{name} is up to date."
    if due:
        sentence = f"{name} is not up to date. Missing: {', '.join(due)}."
    print_result(as_json, {"database": name, "due": due}, [sentence], changed=False)
    if due:
        raise typer.Exit(NOTHING_DONE)
