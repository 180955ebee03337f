"""Changes of the seats that a person has selected: first a preview, then what it has shown.

The form of a preview has the version of each ticket, so a ticket that was changed after the preview
is left as it is.

See decision 177.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

from msgspec import Struct
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.console.event_paths import ACCESS_ID, EVENT, event_of, event_url, title_of
from seatlatch.console.pages import Pages
from seatlatch.console.reasons import reason_of
from seatlatch.console.viewer import Viewer
from seatlatch.domain.operator import Role
from seatlatch.domain.outcome import SUCCESSES, Outcome, TicketResult
from seatlatch.domain.refusal import InvalidRequest, NotPermitted, Unavailable
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.bulk_changes import ChangeTickets, change_in_portions
from seatlatch.operations.change_tickets import hold_tickets, override_unlock, release_tickets
from seatlatch.operations.preview_changes import PreviewedTicket, preview_change
from seatlatch.operations.ticket_verbs import HOLD, OVERRIDE, RELEASE, TicketVerb
from seatlatch.presentation.identifiers import ORGANIZATION_ID
from seatlatch.presentation.ticket_results import count_outcomes
from seatlatch.store.interface import Store
from seatlatch.store.tickets import Hold

SELECTED_TICKETS_MAX = 10_000
"""The most tickets of one change, as of a bulk change over HTTP."""

FORM_BYTES_MAX = 8 * 1024 * 1024
"""For as many tokens of the maximum length, with some characters percent-encoded."""

SHOWN_TICKETS = 100

VERSION = re.compile("[0-9]{1,18}")

HOLD_ENDS = {3_600: "in an hour", 14_400: "in 4 hours", 86_400: "in a day", 604_800: "in a week"}
"""When a hold may end by itself, by its seconds."""

OUTCOMES = {
    Outcome.UNKNOWN: "no such ticket",
    Outcome.CHANGED: "changed by somebody else after the preview",
    Outcome.VOIDED: "void",
    Outcome.SEAT_LOCKED: "held: release it first",
    Outcome.RESERVED: "listed: hold it over its listing, or unlock it first",
    Outcome.UNLOCKED: "unlocked",
    Outcome.ALREADY_UNLOCKED: "not listed",
    Outcome.HELD: "held",
    Outcome.ALREADY_HELD: "already held",
    Outcome.RELEASED: "released",
    Outcome.ALREADY_RELEASED: "not held",
}
"""The outcome for a seat in a few words."""


class SelectedSeats(Struct):
    """The form of a selection: what to do with the tickets.

    `part`: the response becomes a part of the map's page.
    """

    action: Literal["unlock", "hold", "release"]
    tokens: list[str] = []
    part: bool = False


class ChangeForm(Struct, rename="camel"):
    """The form of a preview. Each of `tickets` is a ticket's version, a space, and its token.

    `hold_seconds` 0 = until it is released.
    """

    tickets: list[str]
    reason: str = ""
    hold_seconds: Literal[0, 3_600, 14_400, 86_400, 604_800] = 0
    over_listing: bool = False
    part: bool = False


class Action(NamedTuple):
    """An action on seats. `past`: what is done to them; `wish`: what a preview asks of each."""

    name: str
    past: str
    role: Role
    verb: TicketVerb[Any]
    wish: Any = None


ACTIONS = {
    action.name: action
    for action in (
        Action("unlock", "unlocked", Role.SUPPORT, OVERRIDE),
        Action("hold", "held", Role.BOX_OFFICE, HOLD, Hold("", None)),
        Action("release", "released", Role.BOX_OFFICE, RELEASE),
    )
}


class Preview(NamedTuple):
    """A preview in groups. `overridable`: the seats that a hold can hold over their listings."""

    changed: list[PreviewedTicket]
    overridable: list[PreviewedTicket]
    refused: list[PreviewedTicket]
    unchanged: list[PreviewedTicket]

    @property
    def states(self) -> Mapping[TicketState | None, int]:
        """How many of the seats to change are in which state now."""
        return Counter(ticket.state for ticket in self.changed)

    @property
    def refusals(self) -> Mapping[Outcome, int]:
        """How many seats will be refused for which reason."""
        return Counter(ticket.outcome for ticket in self.refused)


class SeatChanges:
    """The handlers of previews and changes."""

    def __init__(self, pages: Pages, store: Store, committer: Committer) -> None:
        self._pages = pages
        self._store = store
        self._committer = committer

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        action = partial(
            self._pages.action,
            path_value=ACCESS_ID,
            parent=ORGANIZATION_ID,
            bytes_max=FORM_BYTES_MAX,
        )
        changes = (self.unlock, self.hold, self.release)
        return [
            action(EVENT + "/preview", Role.SUPPORT, SelectedSeats, self.preview),
            *(
                action(f"{EVENT}/{one.name}", one.role, ChangeForm, handler, verb=one.verb.name)
                for one, handler in zip(ACTIONS.values(), changes, strict=True)
            ),
        ]

    async def preview(self, call: Call[Viewer, SelectedSeats]) -> Response:
        """`POST .../preview`: how many of which seats an action will change."""
        action, tokens = ACTIONS[call.input.action], call.input.tokens
        operator = call.caller.operator
        if not operator.role.includes(action.role):
            raise NotPermitted(f"To {action.name} seats you need the role {action.role}.")
        event = await event_of(call, self._store)
        _check_count(tokens)
        previewed = await preview_change(
            self._store, action.verb, action.wish, tokens, operator.organizations
        )
        return self._render(
            call,
            "seat_preview.html",
            title=title_of(event),
            event_url=event_url(self._pages, event.key),
            action=action,
            preview=grouped(action, previewed),
            hold_ends=HOLD_ENDS,
        )

    async def unlock(self, call: Call[Viewer, ChangeForm]) -> Response:
        """`POST .../unlock`: clear mpreserve, whichever channel set it."""
        change = partial(override_unlock, self._committer, call.context.asker)
        return await self._change(call, ACTIONS["unlock"], partial(change, reason=reason_of(call)))

    async def hold(self, call: Call[Viewer, ChangeForm]) -> Response:
        """`POST .../hold`: hold the seats."""
        change = partial(
            hold_tickets,
            self._committer,
            call.context.asker,
            reason=reason_of(call),
            seconds=call.input.hold_seconds or None,
            over_listing=call.input.over_listing,
        )
        return await self._change(call, ACTIONS["hold"], change)

    async def release(self, call: Call[Viewer, ChangeForm]) -> Response:
        """`POST .../release`: release the seats."""
        change = partial(release_tickets, self._committer, call.context.asker)
        return await self._change(call, ACTIONS["release"], partial(change, reason=reason_of(call)))

    async def _change(
        self, call: Call[Viewer, ChangeForm], action: Action, change: ChangeTickets
    ) -> Response:
        """Change the previewed seats, and show what became of each."""
        context, organizations = call.context, call.caller.operator.organizations
        event = await event_of(call, self._store)
        versions = _versions(call.input.tickets)
        context.tokens = list(versions)
        results: list[TicketResult] = []
        problem = ""
        try:
            async for portion in change_in_portions(change, versions, organizations):
                results += portion
        except Unavailable as refusal:
            problem = refusal.message
        context.outcomes = count_outcomes(results)
        failed = [one for one in results if one.outcome not in SUCCESSES]
        return self._render(
            call,
            "seat_result.html",
            title=title_of(event),
            event_url=event_url(self._pages, event.key),
            action=action,
            counts=sorted(context.outcomes.items()),
            failed=failed[:SHOWN_TICKETS],
            failures=len(failed),
            undone=len(versions) - len(results),
            problem=problem,
            request_id=context.request_id,
        )

    def _render(
        self,
        call: Call[Viewer, SelectedSeats] | Call[Viewer, ChangeForm],
        template: str,
        **values: Any,
    ) -> Response:
        """A page, or a part of one for the dialog of the map."""
        base = "part.html" if call.input.part else "base.html"
        return self._pages.render(call, template, base=base, words=OUTCOMES, **values)


def grouped(action: Action, previewed: Sequence[PreviewedTicket]) -> Preview:
    """The groups of a preview."""
    preview = Preview([], [], [], [])
    for ticket in previewed:
        if ticket.outcome is action.verb.done:
            group = preview.changed
        elif ticket.outcome is Outcome.RESERVED:
            group = preview.overridable
        else:
            group = preview.unchanged if ticket.outcome in SUCCESSES else preview.refused
        group.append(ticket)
    return preview


def _versions(tickets: Sequence[str]) -> dict[str, int]:
    """The version of each ticket, by token. Raises `InvalidRequest`."""
    _check_count(tickets)
    versions: dict[str, int] = {}
    for text in tickets:
        version, _, token = text.partition(" ")
        if not VERSION.fullmatch(version):
            raise InvalidRequest("The form is not the one of the preview. Repeat the preview.")
        versions[token] = int(version)
    return versions


def _check_count(tickets: Sequence[str]) -> None:
    if not tickets:
        raise InvalidRequest("No seat is selected.")
    if len(tickets) > SELECTED_TICKETS_MAX:
        raise InvalidRequest(
            f"More than {SELECTED_TICKETS_MAX:,} seats are selected. Select fewer at a time."
        )
