"""The pages that unlock all tickets of a channel, after a preview.

See decision 181.
"""

from functools import partial
from time import monotonic
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.console.access_rows import CHANNEL, require_typed
from seatlatch.console.channel_facts import ChannelFacts
from seatlatch.console.pages import Pages
from seatlatch.console.reasons import reason_of
from seatlatch.console.same_action import same_action
from seatlatch.console.viewer import Viewer
from seatlatch.domain.journal import Verb
from seatlatch.domain.operator import Role
from seatlatch.domain.outcome import SUCCESSES
from seatlatch.domain.ticket import WholeTicket
from seatlatch.domain.ticket_filter import TicketFilter, TicketState, state_of
from seatlatch.http.query import bound_cursor, place_in
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.change_tickets import override_unlock
from seatlatch.operations.channels import require_channel
from seatlatch.operations.find_tickets import find_tickets
from seatlatch.operations.unlock_channel import UnlockedPart, unlock_part
from seatlatch.presentation.identifiers import CHANNEL_CODE
from seatlatch.presentation.ticket_results import count_outcomes
from seatlatch.store.finding import Place
from seatlatch.store.interface import Store

UNLOCK_ALL = CHANNEL + "/unlock-all"
SAMPLE_TICKETS = 20
FAILURE_ROWS_MAX = 10
Count = Annotated[int, Meta(ge=0, le=2**53)]


class UnlockAllForm(Struct):
    """Unlock all tickets of a channel. `confirmed`: its code, to confirm it.

    `after`: where to continue, `unlocked` and `failed`: the tickets so far. They are in the form
    by which a page continues.
    """

    reason: str
    confirmed: str = ""
    after: str = ""
    unlocked: Count = 0
    failed: Count = 0


class SampleTicket(NamedTuple):
    """A ticket in the preview."""

    whole: WholeTicket
    state: TicketState


class UnlockAllPages:
    """The handlers of the pages."""

    def __init__(
        self, pages: Pages, store: Store, committer: Committer, facts: ChannelFacts
    ) -> None:
        self._pages = pages
        self._store = store
        self._committer = committer
        self._facts = facts

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers, all for administrators of every organization."""
        page = partial(self._pages.page, needs_all_organizations=True)
        action = partial(self._pages.action, needs_all_organizations=True)
        return [
            page(
                UNLOCK_ALL,
                Role.ADMIN,
                self.preview,
                path_value=CHANNEL_CODE,
                is_polled=True,
            ),
            action(
                UNLOCK_ALL,
                Role.ADMIN,
                UnlockAllForm,
                self.unlock,
                verb=Verb.OVERRIDE,
                path_value=CHANNEL_CODE,
            ),
        ]

    async def preview(self, call: Call[Viewer, None]) -> Response:
        """`GET /console/channels/{channelCode}/unlock-all`: how many tickets, and some of them."""
        code = call.path_value
        channel = await self._store.read(lambda snapshot: require_channel(snapshot.access, code))
        wanted = TicketFilter(channel_code=code)
        found = await find_tickets(self._store, wanted, None, None, SAMPLE_TICKETS)
        return self._pages.render(
            call,
            "unlock_all.html",
            channel=channel,
            locks=self._facts.locks(),
            sample=[SampleTicket(one, state_of(one.ticket, found.now)) for one in found.tickets],
            has_more=found.next is not None,
            same_actions=same_action(
                ["tickets", "unlock", "--channel", code, "--reason", "TEXT"],
                "PUT",
                "tickets/unlock",
                body={"filter": {"channelCode": code}, "reason": "TEXT", "dryRun": True},
            ),
        )

    async def unlock(self, call: Call[Viewer, UnlockAllForm]) -> Response:
        """`POST` at the same path: unlock a part of them. The page continues by itself."""
        code, form = call.path_value, call.input
        require_typed(form.confirmed, code)
        await self._store.read(lambda snapshot: require_channel(snapshot.access, code))
        cursor_of = [UNLOCK_ALL, code]
        after = place_in(form.after, Place, cursor_of) if form.after else None
        part = await self._unlock_part(call, after)
        failures = [one for one in part.results if one.outcome not in SUCCESSES]
        if part.next is None:
            self._facts.forget_locks()
        return self._pages.render(
            call,
            "unlocked.html",
            code=code,
            reason=form.reason,
            unlocked=form.unlocked + len(part.results) - len(failures),
            failed=form.failed + len(failures),
            failures=failures[:FAILURE_ROWS_MAX],
            next=bound_cursor(part.next, cursor_of) if part.next else None,
        )

    async def _unlock_part(
        self, call: Call[Viewer, UnlockAllForm], after: Place | None
    ) -> UnlockedPart:
        context = call.context
        change = partial(override_unlock, self._committer, context.asker, reason=reason_of(call))
        part = await unlock_part(self._store, change, call.path_value, after, monotonic)
        context.tokens = [one.token for one in part.results]
        context.outcomes = count_outcomes(part.results)
        return part
