"""`seatlatch migrate`: make a database, or bring it to the latest schema."""

import json
import os

import typer

from seatlatch.cli.options import AsJson, Database
from seatlatch.settings import read_settings
from seatlatch.wiring import make_database


def migrate(database: Database = None, as_json: AsJson = False) -> None:
    """Make the database if there is none, and bring its schema up to date."""
    database_url = read_settings(os.environ, {"database_url": database}).database_url
    applied = make_database(database_url)
    if as_json:
        typer.echo(json.dumps({"database": database_url, "applied": applied}))
    elif applied:
        typer.echo(f"{database_url} is up to date now; applied: {', '.join(applied)}.")
    else:
        typer.echo(f"{database_url} was up to date already.")
