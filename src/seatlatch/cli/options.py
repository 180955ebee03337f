"""The options that several commands share. Most of them override a setting."""

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from seatlatch.cli.output import note
from seatlatch.environment import select_variables
from seatlatch.logs import Log
from seatlatch.settings import SettingProblem, Settings, read_settings

Host = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="The address to listen on. [default: 127.0.0.1]"),
]
Port = Annotated[
    str | None,
    typer.Option(metavar="PORT", help="The port to listen on; 0 = any free one. [default: 8080]"),
]
Database = Annotated[
    str | None,
    typer.Option(metavar="URL", help="The database. [default: sqlite:///seatlatch.db]"),
]
Workers = Annotated[
    str | None, typer.Option(metavar="N", help="The number of server processes. [default: 1]")
]
AllowedHost = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A host name to accept requests for. May be repeated."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, nothing else.")
]


Author = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        help="The person who makes the change, for the journal and the audit."
        " [default: SEATLATCH_ACTOR, or the system's user]",
    ),
]


def group(sentence: str) -> typer.Typer:
    """Make an empty group of commands, with the same options as the root command."""
    return typer.Typer(
        help=sentence, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )


def settings_for(database: str | None, author: str | None = None) -> Settings:
    """The settings of a command that needs a database, and an author if it changes something.

    Raises `SettingProblem`.
    """
    if author == "":
        raise SettingProblem("--as must not be empty. Give the name of a person.")
    settings = read_settings(os.environ, {"database_url": database, "actor": author})
    report_injected(select_variables(os.environ).injected)
    return settings


def report_injected(names: Sequence[str]) -> None:
    """Report on standard error which variables a command has ignored, if any."""
    if names:
        note(f"seatlatch: {injected_message(names)}")


def log_injected(log: Log) -> None:
    """Log which variables a server has ignored, if any."""
    if names := select_variables(os.environ).injected:
        log.info("settings", message=injected_message(names))


def injected_message(names: Sequence[str]) -> str:
    """A sentence about variables that a container platform has injected."""
    return (
        f"Ignored {', '.join(names)}: a container platform sets such variables for its services,"
        " and they are not settings."
    )
