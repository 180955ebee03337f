"""The options that several commands share. Most are a setting that they overrule."""

import os
from typing import Annotated

import typer

from seatlatch.settings import Settings, read_settings

Host = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Where to listen. [default: 127.0.0.1]")
]
Port = Annotated[
    str | None, typer.Option(metavar="PORT", help="Where to listen; 0 = any. [default: 8080]")
]
Database = Annotated[
    str | None,
    typer.Option(metavar="URL", help="The database. [default: sqlite:///seatlatch.db]"),
]
Workers = Annotated[
    str | None, typer.Option(metavar="N", help="Processes that serve. [default: 1]")
]
AllowedHost = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A host name to accept requests for. May be repeated."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, no more.")
]


def group(sentence: str) -> typer.Typer:
    """An empty group of commands, set as the whole of them is."""
    return typer.Typer(
        help=sentence, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )


def settings_for(database: str | None) -> Settings:
    """The settings of a command that only needs a database. Raises `SettingProblem`."""
    return read_settings(os.environ, {"database_url": database})
