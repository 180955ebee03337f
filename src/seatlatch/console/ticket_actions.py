"""The actions on a ticket's page: unlock, hold, release and void.

See decision 178.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from math import ceil
from typing import Any

from msgspec import Struct
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.console.pages import Pages
from seatlatch.console.reasons import reason_of
from seatlatch.console.same_action import SameAction
from seatlatch.console.ticket_search import TICKETS
from seatlatch.console.viewer import Viewer
from seatlatch.domain.journal import Act, Asker, Verb
from seatlatch.domain.label import without_invisible_ends
from seatlatch.domain.operator import Role
from seatlatch.domain.outcome import SUCCESSES, TicketResult
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import HOLD_SECONDS_MAX, TicketRecord, WholeTicket
from seatlatch.domain.timestamp import read_timestamp
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.change_tickets import (
    hold_tickets,
    override_unlock,
    release_tickets,
    void_tickets,
)
from seatlatch.operations.conditions import Conditions
from seatlatch.operations.ticket_story import read_ticket
from seatlatch.presentation.commands import command_of_change
from seatlatch.presentation.curl import curl_of_change
from seatlatch.presentation.explanations import explain_outcome
from seatlatch.presentation.identifiers import TOKEN, no_such_ticket
from seatlatch.presentation.ticket_results import count_outcomes
from seatlatch.store.interface import Store

TICKET = TICKETS + "/{token}"

REASON = "REASON"
"""The reason in an example of a command."""

Change = Callable[..., Awaitable[list[TicketResult]]]


class ReasonForm(Struct, rename="camel"):
    """The form of an unlock and of a release. `is_part`: the response is a part of the page."""

    reason: str = ""
    is_part: bool = False


class HoldForm(ReasonForm, rename="camel"):
    """The form of a hold. `until`: when it ends by itself; empty = when it is released."""

    until: str = ""
    over_listing: bool = False


class VoidForm(ReasonForm, rename="camel"):
    """The form of a void. `confirmed`: the seat, as the person has typed it."""

    confirmed: str = ""


class TicketActions:
    """The handlers of the actions. `now`: the time, aware UTC."""

    def __init__(
        self, pages: Pages, store: Store, committer: Committer, now: Callable[[], datetime]
    ) -> None:
        self._pages = pages
        self._store = store
        self._committer = committer
        self._now = now

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        action = partial(self._pages.action, path_value=TOKEN)
        support, box_office = Role.SUPPORT, Role.BOX_OFFICE
        return [
            action(TICKET + "/unlock", support, ReasonForm, self.unlock, verb=Verb.OVERRIDE),
            action(TICKET + "/hold", box_office, HoldForm, self.hold, verb=Verb.HOLD),
            action(TICKET + "/release", box_office, ReasonForm, self.release, verb=Verb.RELEASE),
            action(TICKET + "/void", box_office, VoidForm, self.void, verb=Verb.VOID),
        ]

    async def unlock(self, call: Call[Viewer, ReasonForm]) -> Response:
        """`POST /console/tickets/{token}/unlock`: clear mpreserve, whichever channel set it."""
        await self._ticket(call)
        return await self._act(call, Verb.OVERRIDE, override_unlock)

    async def hold(self, call: Call[Viewer, HoldForm]) -> Response:
        """`POST /console/tickets/{token}/hold`: hold the seat."""
        form = call.input
        await self._ticket(call)
        seconds = hold_seconds(form.until, self._now()) if form.until else None
        change = partial(hold_tickets, seconds=seconds, over_listing=form.over_listing)
        return await self._act(
            call, Verb.HOLD, change, seconds=seconds, over_listing=form.over_listing
        )

    async def release(self, call: Call[Viewer, ReasonForm]) -> Response:
        """`POST /console/tickets/{token}/release`: release the seat."""
        await self._ticket(call)
        return await self._act(call, Verb.RELEASE, release_tickets)

    async def void(self, call: Call[Viewer, VoidForm]) -> Response:
        """`POST /console/tickets/{token}/void`: make the ticket void, permanently."""
        expected = confirmation_of((await self._ticket(call)).record)
        if folded(call.input.confirmed) != folded(expected):
            raise InvalidRequest(f"Type {expected} to confirm that the ticket is to be void.")
        return await self._act(call, Verb.VOID, void_tickets)

    async def _ticket(self, call: Call[Viewer, Any]) -> WholeTicket:
        """The ticket of an action. Raises `RouteUnknown`, and `InvalidRequest` for the reason."""
        call.context.tokens = [call.path_value]
        organizations = call.caller.operator.organizations
        whole = await self._store.read(
            partial(read_ticket, token=call.path_value, organizations=organizations)
        )
        if whole is None:
            raise no_such_ticket()
        reason_of(call)
        return whole

    async def _act(
        self,
        call: Call[Viewer, Any],
        verb: Verb,
        change: Change,
        *,
        seconds: int | None = None,
        over_listing: bool = False,
    ) -> Response:
        """Change the ticket and show the outcome."""
        context, token, reason = call.context, call.path_value, call.input.reason
        conditions = Conditions(call.caller.operator.organizations)
        results = await change(
            self._committer, context.asker, [token], reason=reason, conditions=conditions
        )
        context.outcomes = count_outcomes(results)
        outcome = results[0].outcome
        same = same_change(Act(verb, NOBODY, reason, seconds), token, over_listing=over_listing)
        response = self._pages.render(
            call,
            "ticket_outcome.html" if call.input.is_part else "ticket_outcome_page.html",
            token=token,
            outcome=outcome,
            is_done=outcome in SUCCESSES,
            explanation=explain_outcome(outcome),
            request_id=context.request_id,
            same=same,
        )
        response.headers["HX-Trigger"] = "ticket-changed"
        return response


NOBODY = Asker("")
"""The caller of a request that was not made yet."""


def hold_seconds(until: str, now: datetime) -> int:
    """The length of a hold that ends at a timestamp. Raises `InvalidRequest`."""
    seconds = ceil((read_timestamp("end of the hold", until) - now).total_seconds())
    if not 1 <= seconds <= HOLD_SECONDS_MAX:
        raise InvalidRequest("The end of the hold must be later than now, and within a year.")
    return seconds


def confirmation_of(record: TicketRecord) -> str:
    """The text that confirms a void: the seat, or the token of a ticket without one."""
    if record.seat is None:
        return record.token
    return " ".join(part for part in (record.section, record.row, record.seat) if part)


def folded(text: str) -> str:
    """A text without differences that do not matter when it is typed: case and blanks."""
    return " ".join(without_invisible_ends(text).casefold().split())


def same_change(act: Act, token: str, *, over_listing: bool = False) -> SameAction:
    """A change of a ticket as curl and as a command."""
    command = command_of_change(act, [token], over_listing=over_listing)
    curl = curl_of_change(act, [token], over_listing=over_listing)
    if command is None or curl is None:
        raise AssertionError(f"{act.verb} is not an action of the box office")
    return SameAction(command, curl)


def action_values(whole: WholeTicket) -> dict[str, Any]:
    """The values of a ticket's page about its actions, as commands by their names in URLs."""
    acts = {"unlock": Verb.OVERRIDE, "hold": Verb.HOLD, "release": Verb.RELEASE, "void": Verb.VOID}
    token = whole.record.token
    return {
        "confirmation": confirmation_of(whole.record),
        "same": {
            name: same_change(Act(verb, NOBODY, REASON), token) for name, verb in acts.items()
        },
    }
