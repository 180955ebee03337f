"""The `/operator/v1/tickets` calls that change tickets: named by token, or all that match a filter.

Source: the contract's sections on operator HTTP and on bulk changes.

See decisions 170, 171 and 172.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from msgspec import UNSET
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.domain.journal import Verb
from seatlatch.domain.operator import Operator
from seatlatch.domain.outcome import TicketResult
from seatlatch.domain.refusal import Conflict
from seatlatch.http.body import TICKETS_BODY_BYTES_MAX, JsonBody, check_count, json_response
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.bulk_changes import (
    ChangeTickets,
    Selection,
    Versions,
    change_in_portions,
    confirmation_of,
    require_confirmed,
    select_versions,
)
from seatlatch.operations.change_tickets import (
    hold_tickets,
    override_unlock,
    release_tickets,
    void_tickets,
)
from seatlatch.operations.conditions import Conditions
from seatlatch.operator_api.admission import BOX_OFFICE, SUPPORT, OperatorAdmission
from seatlatch.operator_api.pages import filter_of
from seatlatch.operator_api.schemas import (
    TOKENS_MAX,
    DryRun,
    OverrideRequest,
    StatusRequest,
    VoidRequest,
)
from seatlatch.operator_api.ticket_rows import failed_ticket, held_ticket, released_ticket
from seatlatch.operator_api.tickets import TICKETS
from seatlatch.presentation.ticket_results import (
    count_outcomes,
    results_response,
    succeeded_ticket,
)
from seatlatch.store.interface import Store

Request = TypeVar("Request", StatusRequest, VoidRequest, OverrideRequest)

SET_STATUS = RouteSpec(
    "PUT",
    TICKETS + "/status",
    BOX_OFFICE,
    body=JsonBody(StatusRequest, TICKETS_BODY_BYTES_MAX),
    verb=lambda body: Verb.RELEASE if body and body.status == "UNLOCK" else Verb.HOLD,
    own_refusals=(Conflict,),
)
VOID = RouteSpec(
    "PUT",
    TICKETS + "/void",
    BOX_OFFICE,
    body=JsonBody(VoidRequest, TICKETS_BODY_BYTES_MAX),
    verb=Verb.VOID,
    own_refusals=(Conflict,),
)
UNLOCK = RouteSpec(
    "PUT",
    TICKETS + "/unlock",
    SUPPORT,
    body=JsonBody(OverrideRequest, TICKETS_BODY_BYTES_MAX),
    verb=Verb.OVERRIDE,
    own_refusals=(Conflict,),
)


class Change(NamedTuple):
    """The change that a request asks for. `confirmed`: the verb and its parameters, which a
    confirmation covers. `succeeded` makes the entry of a ticket in `success`.
    """

    confirmed: Sequence[Any]
    change: ChangeTickets
    succeeded: Callable[[TicketResult], Any] = succeeded_ticket


class TicketChanges:
    """The handlers of the operator's calls that change tickets."""

    def __init__(self, admission: OperatorAdmission, committer: Committer, store: Store) -> None:
        self._admission = admission
        self._committer = committer
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(SET_STATUS, self._admission, self.set_status),
            api_route(VOID, self._admission, self.void),
            api_route(UNLOCK, self._admission, self.unlock),
        ]

    async def set_status(self, call: Call[Operator, StatusRequest]) -> Response:
        """`PUT /operator/v1/tickets/status`: hold seats, or release them."""
        asker, body = call.context.asker, call.input
        reason, seconds, over_listing = body.reason, body.expires_in_seconds, body.over_listing
        if body.status == "UNLOCK":
            release = partial(release_tickets, self._committer, asker, reason=reason)
            return await self._respond(call, Change([Verb.RELEASE], release, released_ticket))
        if reason is None:
            raise AssertionError("the type requires a reason for a hold")
        hold = partial(
            hold_tickets,
            self._committer,
            asker,
            reason=reason,
            seconds=seconds,
            over_listing=over_listing,
        )
        confirmed = [Verb.HOLD, seconds, over_listing]
        return await self._respond(call, Change(confirmed, hold, held_ticket))

    async def void(self, call: Call[Operator, VoidRequest]) -> Response:
        """`PUT /operator/v1/tickets/void`: make tickets void, permanently."""
        asker, reason = call.context.asker, call.input.reason
        void = partial(void_tickets, self._committer, asker, reason=reason)
        return await self._respond(call, Change([Verb.VOID], void))

    async def unlock(self, call: Call[Operator, OverrideRequest]) -> Response:
        """`PUT /operator/v1/tickets/unlock`: clear mpreserve, whichever channel set it."""
        asker, reason = call.context.asker, call.input.reason
        unlock = partial(override_unlock, self._committer, asker, reason=reason)
        return await self._respond(call, Change([Verb.OVERRIDE], unlock))

    async def _respond(self, call: Call[Operator, Request], change: Change) -> Response:
        """The response to a request, which names its tickets in one of two ways."""
        context, body, organizations = call.context, call.input, call.caller.organizations
        context.reason = body.reason
        if body.filter is not UNSET:
            selection = Selection(filter_of(body.filter), organizations)
            if body.confirmation is UNSET:
                return await self._dry_run(change, selection)
            versions = await require_confirmed(
                self._store, change.confirmed, selection, body.confirmation
            )
            results = await _change_all(context, change, versions)
        elif body.tokens is not UNSET:
            check_count(body.tokens, TOKENS_MAX)
            context.tokens = body.tokens
            results = await change.change(tokens=body.tokens, conditions=Conditions(organizations))
        else:
            raise AssertionError("the type requires tokens or a filter")
        return results_response(context, results, change.succeeded, failed_ticket)

    async def _dry_run(self, change: Change, selection: Selection) -> Response:
        versions = await select_versions(self._store, selection)
        confirmation = confirmation_of(change.confirmed, selection, versions)
        return json_response(DryRun(len(versions), confirmation))


async def _change_all(
    context: RequestContext, change: Change, versions: Versions
) -> list[TicketResult]:
    """The results of all portions. Their counts are logged even if a later portion fails."""
    context.tokens = list(versions)
    results: list[TicketResult] = []
    try:
        async for portion in change_in_portions(change.change, versions):
            results += portion
    finally:
        context.outcomes = count_outcomes(results)
    return results
