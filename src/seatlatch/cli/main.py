"""The command `seatlatch`: its subcommands, and what each kind of failure exits with."""

import sys
from typing import Annotated

import typer

from seatlatch import __version__
from seatlatch.cli.migrate import migrate
from seatlatch.cli.running import ListenProblem
from seatlatch.cli.sandbox import sandbox
from seatlatch.cli.serve import serve
from seatlatch.settings import SettingProblem
from seatlatch.store.interface import DatabaseProblem

NOTHING_DONE = 1
WRONG_USAGE = 2

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Unlock tickets that were listed at a marketplace: a service compatible with the"
    " Paciolan Link API's PUT /v1/tickets/unlock.",
)
app.command()(sandbox)
app.command()(serve)
app.command()(migrate)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """What goes before a subcommand."""


def main() -> None:
    """Run the command; a problem becomes one sentence on standard error."""
    try:
        app(prog_name="seatlatch")
    except SettingProblem as problem:
        _fail(str(problem), WRONG_USAGE)
    except (DatabaseProblem, ListenProblem) as problem:
        _fail(str(problem), NOTHING_DONE)


def _fail(message: str, code: int) -> None:
    typer.echo(f"seatlatch: {message}", err=True)
    sys.exit(code)
