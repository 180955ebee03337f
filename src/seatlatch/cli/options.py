"""The options that several commands share, each a setting that it overrules."""

from typing import Annotated

import typer

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
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, no more.")
]
