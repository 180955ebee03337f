"""The page of a ticket: its state, changes and refused attempts.

See decision 178.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.responses import Response

from seatlatch.console.pages import HEADERS, Pages
from seatlatch.console.ticket_actions import action_values
from seatlatch.console.ticket_search import TICKETS
from seatlatch.console.ticket_timeline import timeline
from seatlatch.console.viewer import Viewer
from seatlatch.domain.feed import Position
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import WholeTicket
from seatlatch.domain.ticket_filter import state_of
from seatlatch.http.query import bound_cursor, digest_of, place_in
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.journal_scope import Scope
from seatlatch.operations.refused_attempts import RefusedAttempts, new_attempts, refused_attempts
from seatlatch.operations.ticket_story import (
    TicketStory,
    read_ticket,
    ticket_changes,
    ticket_story,
)
from seatlatch.presentation.customer_answer import customer_answer, seat_words
from seatlatch.presentation.explanations import explain_outcome
from seatlatch.presentation.identifiers import TOKEN, no_such_ticket
from seatlatch.presentation.tickets import shown_ticket
from seatlatch.store.interface import Snapshot, Store

TICKET = TICKETS + "/{token}"

Number = Annotated[int, Meta(ge=0, le=2**36 - 1)]
EntryId = Annotated[int, Meta(ge=1, le=2**63 - 1)]

Values = dict[str, Any]
"""The values of a template."""


class LiveQuery(Struct):
    """The query of the live parts. `seen`: the digest of what the page shows. `settled`: the digest
    of the ticket; empty = more than the ticket may change.
    """

    seen: str = ""
    settled: str = ""


class ChangesQuery(Struct):
    """The query of earlier changes. `after`: the cursor of an earlier page."""

    after: str = ""


class RefusedQuery(Struct):
    """The query of refused attempts: those until the end of a day, from the cursor `after` on."""

    until: str = ""
    after: str = ""


class NewRefusedQuery(Struct):
    """The query of new refused attempts: those since the cursor `since`."""

    since: str = ""


class TicketPage:
    """The handlers of a ticket's page and of its parts."""

    def __init__(self, pages: Pages, store: Store, alarm: JournalAlarm) -> None:
        self._pages = pages
        self._store = store
        self._alarm = alarm

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page = partial(self._pages.page, role=Role.READ, path_value=TOKEN)
        return [
            page(TICKET, handler=self.show),
            page(TICKET + "/live", handler=self.live, query=LiveQuery, is_polled=True),
            page(TICKET + "/changes", handler=self.changes, query=ChangesQuery),
            page(TICKET + "/refused", handler=self.refused, query=RefusedQuery),
            page(
                TICKET + "/refused/new",
                handler=self.new_refused,
                query=NewRefusedQuery,
                is_polled=True,
            ),
        ]

    async def show(self, call: Call[Viewer, None]) -> Response:
        """`GET /console/tickets/{token}`: everything that is known about a ticket."""
        story = await self._story(call)
        values = {**story_values(story), **action_values(story.whole)}
        return self._pages.render(call, "ticket.html", **values)

    async def live(self, call: Call[Viewer, LiveQuery]) -> Response:
        """`GET /console/tickets/{token}/live`: the parts that change, if they have changed."""
        query, operator = call.input, call.caller.operator
        if query.settled:
            settled = await self._store.read(
                partial(_settled_digest, token=call.path_value, operator=operator)
            )
            if settled == query.settled:
                return self._unchanged()
        values = story_values(await self._story(call))
        if values["seen"] == query.seen:
            return self._unchanged()
        return self._pages.render(call, "ticket_live.html", **values)

    async def changes(self, call: Call[Viewer, ChangesQuery]) -> Response:
        """`GET /console/tickets/{token}/changes`: earlier changes, page by page."""
        token, after, operator = call.path_value, call.input.after, call.caller.operator
        before = place_in(after, EntryId, token) if after else None
        found = await self._store.read(
            partial(
                ticket_changes,
                token=token,
                organizations=operator.organizations,
                before=before,
                with_deliveries=may_see_deliveries(operator),
            )
        )
        if found is None:
            raise no_such_ticket()
        self._alarm.entries(entry for entry, _ in found.history.changes)
        return self._pages.render(
            call,
            "ticket_changes.html",
            token=token,
            rows=timeline(found),
            history=found.history,
            next=changes_cursor(token, found.history.next_entry_id),
        )

    async def refused(self, call: Call[Viewer, RefusedQuery]) -> Response:
        """`GET /console/tickets/{token}/refused`: a page of refused attempts."""
        token, query = call.path_value, call.input
        await self._require_ticket(call)
        until = end_of(query.until) if query.until else None
        bound = [token, query.until]
        position = place_in(query.after, dict[Number, Number], bound) if query.after else None
        scope = Scope(call.caller.operator.organizations)
        found = await refused_attempts(self._store, token, scope, position, until)
        return self._refused(
            call,
            found,
            until=query.until,
            is_first=not query.after,
            older=bound_cursor(dict(found.older), bound) if found.older else None,
        )

    async def new_refused(self, call: Call[Viewer, NewRefusedQuery]) -> Response:
        """`GET /console/tickets/{token}/refused/new`: the attempts since the page was read."""
        token, scope = call.path_value, Scope(call.caller.operator.organizations)
        await self._require_ticket(call)
        found = None
        if call.input.since:
            since: Position = place_in(call.input.since, dict[Number, Number], [token])
            found = await new_attempts(self._store, token, scope, since)
        if found is not None:
            return self._refused(call, found, until="", is_first=False, older=None, is_new=True)
        found = await refused_attempts(self._store, token, scope)
        older = bound_cursor(dict(found.older), [token, ""]) if found.older else None
        page = self._refused(call, found, until="", is_first=True, older=older)
        page.headers["HX-Retarget"] = "#refused"  # too much is new to be added to what is shown
        page.headers["HX-Reswap"] = "outerHTML"
        return page

    def _refused(
        self,
        call: Call[Viewer, Any],
        found: RefusedAttempts,
        *,
        is_new: bool = False,
        **values: Any,
    ) -> Response:
        return self._pages.render(
            call,
            "ticket_refused.html",
            token=call.path_value,
            found=found,
            explain=explain_outcome,
            since=bound_cursor(dict(found.newest), [call.path_value]),
            is_new=is_new,
            **values,
        )

    async def _story(self, call: Call[Viewer, Any]) -> TicketStory:
        operator = call.caller.operator
        story = await self._store.read(
            partial(
                ticket_story,
                token=call.path_value,
                organizations=operator.organizations,
                with_deliveries=may_see_deliveries(operator),
            )
        )
        if story is None:
            raise no_such_ticket()
        self._alarm.entries(entry for entry, _ in story.changes.history.changes)
        return story

    async def _require_ticket(self, call: Call[Viewer, Any]) -> WholeTicket:
        operator = call.caller.operator
        whole = await self._store.read(
            partial(read_ticket, token=call.path_value, organizations=operator.organizations)
        )
        if whole is None:
            raise no_such_ticket()
        return whole

    def _unchanged(self) -> Response:
        return Response(status_code=204, headers=HEADERS)


def may_see_deliveries(operator: Operator) -> bool:
    """Whether an operator may see webhooks, which belong to no organization."""
    return operator.role.includes(Role.SUPPORT) and operator.organizations is None


def story_values(story: TicketStory) -> Values:
    """The values of a ticket for the templates."""
    record, history = story.whole.record, story.changes.history
    rows = timeline(story.changes)
    return {
        "ticket": shown_ticket(story.whole, story.now),
        "seat": seat_words(record),
        "seller": story.whole.listing.seller if story.whole.listing else None,
        "event": story.event,
        "situation": story.situation,
        "rows": rows,
        "history": history,
        "next": changes_cursor(record.token, history.next_entry_id),
        "answer": customer_answer(record, story.event, story.situation),
        "seen": digest_of([story.whole, story.event, story.situation, rows]),
        "settled": _digest(story.whole, state_of(story.whole.ticket, story.now))
        if story.is_settled
        else "",
    }


def end_of(day: str) -> datetime:
    """The end of a day in UTC. Raises `InvalidRequest`."""
    try:
        begin = datetime.combine(date.fromisoformat(day), time(), UTC)
        return begin + timedelta(days=1)
    except (ValueError, OverflowError):
        raise InvalidRequest("The day must be written as in 2026-12-31.") from None


def changes_cursor(token: str, next_entry_id: int | None) -> str | None:
    """The cursor of the next page of changes; None = there is none."""
    return None if next_entry_id is None else bound_cursor(next_entry_id, token)


async def _settled_digest(snapshot: Snapshot, token: str, operator: Operator) -> str | None:
    whole = await read_ticket(snapshot, token, operator.organizations)
    return _digest(whole, state_of(whole.ticket, await snapshot.now())) if whole else None


def _digest(whole: WholeTicket, state: str) -> str:
    return digest_of([whole, state])
