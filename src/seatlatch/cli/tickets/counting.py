"""Counts the tickets that a command would change, for a dry run and before a question."""

import sys
from functools import partial
from typing import NamedTuple

import typer

from seatlatch.cli.output import print_result, visible
from seatlatch.cli.tickets.chosen import Chosen
from seatlatch.cli.tickets.descriptions import ticket_table
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.operations.bulk_changes import Selection, matching_tickets
from seatlatch.operations.channels import require_channel
from seatlatch.operations.organizations import require_organizations
from seatlatch.presentation.tickets import ShownTicket, shown_ticket
from seatlatch.store.interface import Snapshot, Store

READ_TOKENS = 1_000
"""How many tickets one snapshot reads."""

SAMPLE_TICKETS = 5
"""How many tickets a dry run shows."""


class Counted(NamedTuple):
    """The number of tickets, some of them, and the number of tokens that are no tickets."""

    tickets: int
    sample: list[ShownTicket]
    unknown: int = 0


async def count_matching(store: Store, selection: Selection) -> Counted:
    """Count the tickets of a selection. Raises `NotFound` for a channel or an organization that
    does not exist.
    """
    await store.read(lambda snapshot: _require_known(snapshot, selection))
    count = 0
    sample: list[ShownTicket] = []
    async for found in matching_tickets(store, selection):
        count += len(found.tickets)
        wanted = SAMPLE_TICKETS - len(sample)
        sample += [shown_ticket(whole, found.now) for whole in found.tickets[:wanted]]
    return Counted(count, sample)


async def count_tokens(store: Store, tokens: list[str]) -> Counted:
    """Count the tickets that exist among these tokens."""
    count = 0
    sample: list[ShownTicket] = []
    for start in range(0, len(tokens), READ_TOKENS):
        portion = tokens[start : start + READ_TOKENS]
        found = await store.read(partial(_read, tokens=portion))
        count += len(found)
        sample += found[: SAMPLE_TICKETS - len(sample)]
    return Counted(count, sample, len(tokens) - count)


def print_count(counted: Counted, *, as_json: bool) -> None:
    """Print what a dry run has found."""
    tickets, sample, unknown = counted
    document = {"count": tickets, "unknown": unknown, "sample": sample}
    match = "matches" if tickets == 1 else "match"
    lines = [f"{in_words(tickets)} {match}. Nothing was changed.", *ticket_table(sample)]
    if tickets > len(sample):
        lines.append(f"and {tickets - len(sample):,} more")
    if unknown:
        lines.insert(1, f"{unknown:,} of the tokens are no tickets.")
    print_result(as_json, document, lines, changed=False)


def require_confirmation(question: str, chosen: Chosen) -> None:
    """Ask a person at a terminal. Raises `NotDone` unless the answer is yes, and `InvalidRequest`
    if there is nobody to ask.
    """
    if chosen.reads_input or not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        raise InvalidRequest(
            "There is no terminal to ask for a confirmation. See the tickets with --dry-run, then"
            " pass --yes."
        )
    typer.echo(f"{visible(question)} [y/N] ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise NotDone("Nothing was changed.")


def in_words(tickets: int) -> str:
    """A number of tickets."""
    return "1 ticket" if tickets == 1 else f"{tickets:,} tickets"


async def _require_known(snapshot: Snapshot, selection: Selection) -> None:
    channel, organization = selection.wanted.channel_code, selection.wanted.organization_id
    if channel is not None:
        await require_channel(snapshot.access, channel)
    if organization is not None:
        await require_organizations(snapshot.access, [organization])


async def _read(snapshot: Snapshot, tokens: list[str]) -> list[ShownTicket]:
    found = await snapshot.tickets.read_whole(tokens)
    now = await snapshot.now()
    return [shown_ticket(found[token], now) for token in tokens if token in found]
