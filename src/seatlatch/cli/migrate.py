"""`seatlatch migrate`: make a database, or bring it to the latest schema."""

from seatlatch.cli.options import AsJson, Database, settings_for
from seatlatch.cli.printing import print_result
from seatlatch.wiring import make_database


def migrate(database: Database = None, as_json: AsJson = False) -> None:
    """Make the database if there is none, and bring its schema up to date."""
    database_url = settings_for(database).database_url
    applied = make_database(database_url)
    sentence = f"{database_url} was up to date already."
    if applied:
        sentence = f"{database_url} is up to date now; applied: {', '.join(applied)}."
    document = {"database": database_url, "applied": applied}
    print_result(as_json, document, [sentence], changed=bool(applied))
