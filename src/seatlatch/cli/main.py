"""The command `seatlatch`: its subcommands, and the exit code of each kind of failure."""

import sys
from traceback import walk_tb
from typing import Annotated

import typer
from typer.core import TyperArgument

from seatlatch import __version__
from seatlatch.cli.applications import applications
from seatlatch.cli.audit import audit
from seatlatch.cli.backup import backup
from seatlatch.cli.channels import channels
from seatlatch.cli.events.commands import events
from seatlatch.cli.exit_codes import DONE_IN_PART, NOTHING_DONE, WRONG_USAGE
from seatlatch.cli.journal import journal
from seatlatch.cli.migrate import migrate
from seatlatch.cli.operators import operators
from seatlatch.cli.organizations import organizations
from seatlatch.cli.output import ResultLost, lost, note, visible
from seatlatch.cli.remote.commands import remote
from seatlatch.cli.requests import history, requests, trace
from seatlatch.cli.sandbox import sandbox
from seatlatch.cli.serve import serve
from seatlatch.cli.server_process import ListenProblem
from seatlatch.cli.streams import discard, prepare_streams
from seatlatch.cli.tickets import find, import_command
from seatlatch.cli.tickets.commands import tickets
from seatlatch.cli.webhook_messages import (
    DELIVERIES_EXAMPLE,
    REPLAY_EXAMPLE,
    TEST_EXAMPLE,
    deliveries,
    replay,
    test,
)
from seatlatch.cli.webhooks import webhooks
from seatlatch.domain.refusal import InvalidRequest, NotDone, Unavailable
from seatlatch.settings import SettingProblem
from seatlatch.store.importing import OrganizationGone
from seatlatch.store.interface import DatabaseProblem, DatabaseUrlMalformed

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Unlock tickets that were listed at a marketplace: a service compatible with the"
    " Paciolan Link API's PUT /v1/tickets/unlock.",
)
app.command(epilog="Example: seatlatch sandbox --port 9000")(sandbox)
app.command(epilog="Example: seatlatch serve --database sqlite:////var/lib/seatlatch.db")(serve)
app.command(epilog="Example: seatlatch migrate --database sqlite:///seatlatch.db")(migrate)
app.command(epilog="Example: seatlatch backup backup.db --database sqlite:///seatlatch.db")(backup)
app.add_typer(organizations, name="org")
app.add_typer(channels, name="channel")
app.add_typer(applications, name="app")
app.add_typer(operators, name="operator")
webhooks.command(epilog=DELIVERIES_EXAMPLE)(deliveries)
webhooks.command(epilog=TEST_EXAMPLE)(test)
webhooks.command(epilog=REPLAY_EXAMPLE)(replay)
app.add_typer(webhooks, name="webhook")
app.command(epilog="Example: seatlatch audit --target com.mycompany.myapp")(audit)
tickets.command(epilog=find.EXAMPLE)(find.find)
tickets.command("import", epilog=import_command.EXAMPLE)(import_command.import_file)
app.add_typer(tickets, name="tickets")
app.add_typer(events, name="events")
app.command(epilog="Example: seatlatch requests --channel my-market --status 409")(requests)
app.command(epilog="Example: seatlatch trace 0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2")(trace)
app.command(epilog="Example: seatlatch history 98973476444")(history)
app.add_typer(journal, name="journal")
app.add_typer(remote, name="remote")


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
    """Options before the subcommand."""


def main() -> None:
    """Run the command. A problem becomes one sentence on standard error. Ctrl-C exits with 130."""
    prepare_streams()
    try:
        code = app(prog_name="seatlatch", standalone_mode=False)
    except typer.TyperException as problem:
        _fail_usage(problem)
    except (SettingProblem, DatabaseUrlMalformed, InvalidRequest) as problem:
        _fail(str(problem), WRONG_USAGE)
    except (DatabaseProblem, ListenProblem, NotDone, OrganizationGone) as problem:
        _fail(str(problem), NOTHING_DONE)
    except Unavailable as refusal:
        _fail(_unconfirmed(refusal), NOTHING_DONE)
    except ResultLost as problem:
        _fail(str(problem), DONE_IN_PART if problem.changed else NOTHING_DONE)
    except OSError as problem:
        if not _came_from_echo(problem):
            raise
        discard(sys.stdout)
        _fail(str(lost(problem, changed=False)), NOTHING_DONE)
    else:
        sys.exit(code)


def _fail_usage(problem: typer.TyperException) -> None:
    """Report wrong usage. For a group without a command, Typer's message is the whole help."""
    message = problem.format_message()
    if message.startswith("Usage: "):
        note(message)
        sys.exit(WRONG_USAGE)
    context = getattr(problem, "ctx", None)
    command = context.command_path if context else "seatlatch"
    end = "" if message.endswith((".", "?")) else "."
    _fail(f"{message}{end}{_dash_hint(problem)} See `{command} --help`.", WRONG_USAGE)


def _dash_hint(problem: typer.TyperException) -> str:
    """How to pass an argument that begins with a dash, if the caller may have meant one."""
    option = getattr(problem, "option_name", None)
    context = getattr(problem, "ctx", None)
    if option is None or context is None or getattr(problem, "possibilities", None):
        return ""
    arguments = [
        parameter.metavar or parameter.name or ""
        for parameter in context.command.params
        if isinstance(parameter, TyperArgument)
    ]
    if not arguments:
        return ""
    typed = f"{context.command_path} [OPTIONS] -- {' '.join(arguments)}"
    return f" If it is a value, not an option, put -- before it, after all options: `{typed}`."


def _unconfirmed(refusal: Unavailable) -> str:
    """The message for a person. The refusal's own message is for a caller of the HTTP API."""
    what, _, _ = refusal.message.partition(".")
    cause = f" ({refusal.__cause__})" if refusal.__cause__ else ""
    return f"{what}{cause}. Run the command again; finished work is not repeated."


def _came_from_echo(problem: OSError) -> bool:
    """Whether printing the help or the version failed. Typer prints them by `echo`."""
    *_, (frame, _) = walk_tb(problem.__traceback__)
    return frame.f_code is typer.echo.__code__


def _fail(message: str, code: int) -> None:
    note(f"seatlatch: {visible(message)}")
    sys.exit(code)
