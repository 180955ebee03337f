"""Generates the reference of the commands: each with its help and its options."""

from collections.abc import Iterator

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from docs.markdown import table
from seatlatch.cli.main import app


def commands() -> str:
    """Every command with its options; a group comes before its commands."""
    parts = []
    for name, command in every_command():
        level = "#" * len(name.split())
        parts.append(f"{level} {name}\n\n{command.help}")
        if not isinstance(command, TyperGroup):
            parts += filter(None, (example(command), options(command)))
    return "\n\n".join(parts)


def every_command() -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Yield every command with its full name, a group before its commands."""
    whole = typer.main.get_command(app)
    assert isinstance(whole, TyperGroup)  # noqa: S101 - tells mypy what an app with commands is
    return _below("seatlatch", whole)


def _below(name: str, group: TyperGroup) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    for own_name, command in group.commands.items():
        assert isinstance(command, TyperCommand | TyperGroup)  # noqa: S101 - as above
        yield f"{name} {own_name}", command
        if isinstance(command, TyperGroup):
            yield from _below(f"{name} {own_name}", command)


def example(command: TyperCommand) -> str:
    """The example that ends a command's help, if it has one."""
    typed = (command.epilog or "").removeprefix("Example: ")
    return f"```sh\n{typed}\n```" if typed else ""


def options(command: TyperCommand) -> str:
    """A command's arguments and options, read from the command, not from terminal output."""
    rows: list[tuple[str, str]] = []
    for parameter in command.params:
        if isinstance(parameter, TyperOption):
            metavar = "" if parameter.is_flag else f" {parameter.metavar}"
            rows.append((f"`{parameter.opts[0]}{metavar}`", plain(parameter.help)))
        elif isinstance(parameter, TyperArgument):
            rows.append((f"`{parameter.metavar or parameter.name}`", plain(parameter.help)))
    rows.append(("`--help`", "Show this message and exit."))
    return table(("Option", "Meaning"), rows)


def plain(text: str | None) -> str:
    """A help text without the escapes that prevent brackets from being read as markup."""
    return (text or "").replace("\\[", "[")
