"""Changes the tickets that a command names: counts them, asks, changes them and reports.

See decision 171.
"""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from seatlatch.cli.actors import command_line_user
from seatlatch.cli.exit_codes import DONE_IN_PART, NOTHING_DONE
from seatlatch.cli.output import note, print_result, visible
from seatlatch.cli.progress_bar import ProgressBar
from seatlatch.cli.tickets.chosen import Chosen
from seatlatch.cli.tickets.counting import (
    count_matching,
    count_tokens,
    in_words,
    print_count,
    require_confirmation,
)
from seatlatch.cli.tickets.results import Results, ResultsFile
from seatlatch.commit import CommitEach
from seatlatch.domain.outcome import TicketResult
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations.bulk_changes import ChangeTickets, Selection, change_all_matching
from seatlatch.operations.conditions import NO_CONDITIONS
from seatlatch.settings import Settings
from seatlatch.store.interface import Store
from seatlatch.wiring import with_store

PORTION_TOKENS = 1_000
"""The most tickets in one transaction, so that it does not delay a running server."""

PROGRESS_TICKETS = 1_000
"""The least number of tickets for which a terminal shows a progress bar."""

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only count the tickets, and show some of them.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
ResultsPath = Annotated[
    Path | None,
    typer.Option(
        "--results",
        metavar="FILE",
        help="A new file for the outcome of each ticket, .csv or .ndjson.",
    ),
]


class BoxOfficeVerb(NamedTuple):
    """A verb as a command uses it. `name`: in questions. `states`: of all tickets that match, only
    those in one of these states are changed; `narrowed`: filters that leave out the others early.
    """

    name: str
    states: frozenset[TicketState]
    narrowed: Mapping[str, Any] = {}


LISTED_OR_HELD = frozenset({TicketState.LISTED, TicketState.HELD})
UNLOCK = BoxOfficeVerb("Unlock", LISTED_OR_HELD, {"mpreserve": True})
HOLD = BoxOfficeVerb("Hold", frozenset({TicketState.FREE, TicketState.LISTED}))
RELEASE = BoxOfficeVerb("Release", frozenset({TicketState.HELD}), {"state": TicketState.HELD})
VOID = BoxOfficeVerb("Void", frozenset(TicketState) - {TicketState.VOIDED})


class Ways(NamedTuple):
    """How a command does its work."""

    settings: Settings
    as_json: bool
    is_dry_run: bool
    is_confirmed: bool
    results_path: Path | None


def change_chosen(
    verb: BoxOfficeVerb,
    change: Callable[..., Coroutine[Any, Any, list[TicketResult]]],
    chosen: Chosen,
    ways: Ways,
) -> None:
    """Change tickets, print the outcome, and exit with the overall outcome.

    `change`: a function of `operations.change_tickets` without its committer and asker.
    """
    selection = _selection(verb, chosen)
    tickets = _count(chosen, selection, ways)
    if tickets is None:
        return
    if tickets and chosen.source and not ways.is_confirmed:
        require_confirmation(f"{verb.name} {in_words(tickets)} {chosen.source}?", chosen)
    file = ResultsFile(ways.results_path) if ways.results_path else None
    asker = command_line_user(ways.settings)
    results, problem = Results(chosen.tokens), None
    with ProgressBar(tickets, is_wanted=tickets >= PROGRESS_TICKETS) as bar:

        def record(some: list[TicketResult]) -> None:
            results.add(some)
            bar.advance(len(some))

        async def work(store: Store) -> None:
            bound = partial(change, CommitEach(store), asker)
            await _change(store, bound, chosen.tokens, selection, record)

        try:
            with_store(ways.settings.database_url, work)
        except (Unavailable, KeyboardInterrupt) as error:
            if not results.has_any:
                if file:
                    file.remove()
                raise
            problem = error
    _report(results, asker.request_id, file, ways, problem if selection else None)


def _selection(verb: BoxOfficeVerb, chosen: Chosen) -> Selection | None:
    if chosen.wanted is None:
        return None
    return Selection(chosen.wanted._replace(**verb.narrowed), states=verb.states)


def _count(chosen: Chosen, selection: Selection | None, ways: Ways) -> int | None:
    """The number of tickets; None = this was a dry run, whose result is printed."""
    if selection is None and not ways.is_dry_run:
        return len(chosen.tokens)
    counted = with_store(
        ways.settings.database_url,
        lambda store: (
            count_tokens(store, chosen.tokens)
            if selection is None
            else count_matching(store, selection)
        ),
    )
    if not ways.is_dry_run:
        return counted.tickets
    print_count(counted, as_json=ways.as_json)
    return None


async def _change(
    store: Store,
    change: ChangeTickets,
    tokens: list[str],
    selection: Selection | None,
    record: Callable[[list[TicketResult]], None],
) -> None:
    """Change all tickets in portions, and record the results of each one."""
    if selection is not None:
        async for results in change_all_matching(store, change, selection):
            record(results)
    for start in range(0, len(tokens), PORTION_TOKENS):
        portion = tokens[start : start + PORTION_TOKENS]
        record(await change(tokens=portion, conditions=NO_CONDITIONS))


def _report(
    results: Results,
    request_id: str,
    file: ResultsFile | None,
    ways: Ways,
    problem: BaseException | None,
) -> None:
    """Print the results and exit with the overall outcome. `problem`: why the work ended early,
    with tickets left that are not in `results`.
    """
    failed, tickets = results.count_failed()
    problems = [file.write(results) if file else None]
    if problem is not None:
        cause = "" if isinstance(problem, KeyboardInterrupt) else f"{problem} "
        problems.append(f"{cause}Not all tickets were changed. Run the command again.")
    print_result(
        ways.as_json,
        results.document(request_id),
        results.lines(ways.results_path),
        changed=failed < tickets,
    )
    for one in filter(None, problems):
        note(f"seatlatch: {visible(one)}")
    if failed or any(problems):
        raise typer.Exit(DONE_IN_PART if failed < tickets else NOTHING_DONE)
