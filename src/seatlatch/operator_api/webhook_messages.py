"""The operator's calls about the messages of webhooks: deliveries, tests and replays.

Source: the contract's section on the second edition of operator HTTP.
"""

from typing import Annotated, NamedTuple

from msgspec import UNSET, Meta
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.domain.operator import Operator
from seatlatch.domain.refusal import Conflict, NotFound
from seatlatch.domain.timestamp import read_timestamp
from seatlatch.http.body import TICKETS_BODY_BYTES_MAX, JsonBody
from seatlatch.http.query import bound_cursor, place_in
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.read_webhooks import list_deliveries, show_delivery
from seatlatch.operations.send_messages import replay, replay_given_up, send_test
from seatlatch.operator_api.admission import SUPPORT_OF_ALL, OperatorAdmission, actor_of
from seatlatch.operator_api.webhook_rows import shown_delivery, shown_details
from seatlatch.operator_api.webhook_schemas import (
    DeliveryList,
    DeliveryQuery,
    QueuedMessage,
    Replayed,
    ReplayRequest,
)
from seatlatch.operator_api.webhooks import WEBHOOK
from seatlatch.presentation.identifiers import MESSAGE_ID, WEBHOOK_ID
from seatlatch.store.interface import Store
from seatlatch.webhooks.message_for_test import message_for_test

DELIVERIES = WEBHOOK + "/deliveries"

LIST = RouteSpec(
    "GET",
    DELIVERIES,
    SUPPORT_OF_ALL,
    query=DeliveryQuery,
    path_value=WEBHOOK_ID,
    own_refusals=(NotFound,),
)
SHOW: RouteSpec[None] = RouteSpec(
    "GET",
    DELIVERIES + "/{messageId}",
    SUPPORT_OF_ALL,
    parent=WEBHOOK_ID,
    path_value=MESSAGE_ID,
    own_refusals=(NotFound,),
)
TEST: RouteSpec[None] = RouteSpec(
    "POST",
    WEBHOOK + "/test",
    SUPPORT_OF_ALL,
    path_value=WEBHOOK_ID,
    status=202,
    own_refusals=(NotFound, Conflict),
)
REPLAY = RouteSpec(
    "POST",
    WEBHOOK + "/replay",
    SUPPORT_OF_ALL,
    body=JsonBody(ReplayRequest, TICKETS_BODY_BYTES_MAX),
    path_value=WEBHOOK_ID,
    status=202,
    own_refusals=(NotFound,),
)


class Before(NamedTuple):
    """The place at which deliveries continue, as a cursor holds it."""

    number: Annotated[int, Meta(ge=1, le=2**63 - 1)]


class OperatorWebhookMessages:
    """The handlers of the calls about the messages of webhooks."""

    def __init__(self, admission: OperatorAdmission, committer: Committer, store: Store) -> None:
        self._admission = admission
        self._committer = committer
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(LIST, self._admission, self.page),
            api_route(SHOW, self._admission, self.show),
            api_route(TEST, self._admission, self.test),
            api_route(REPLAY, self._admission, self.replay),
        ]

    async def page(self, call: Call[Operator, DeliveryQuery]) -> Response:
        """`GET /operator/v1/webhooks/{webhookId}/deliveries`: messages, the newest first."""
        webhook_id, query = call.path_value, call.input
        list_of = (webhook_id, query.failed)
        before = None
        if query.after is not UNSET:
            before = place_in(str(query.after), Before, list_of).number
        found = await self._store.read(
            lambda snapshot: list_deliveries(
                snapshot,
                webhook_id,
                query.limit + 1,
                "failed" if query.failed == "true" else "all",
                before,
            )
        )
        shown = found[: query.limit]
        has_more = len(found) > len(shown)
        cursor = bound_cursor(Before(shown[-1].number), list_of) if has_more else None
        return LIST.respond(DeliveryList([shown_delivery(one) for one in shown], cursor))

    async def show(self, call: Call[Operator, None]) -> Response:
        """`GET /operator/v1/webhooks/{webhookId}/deliveries/{messageId}`: one message."""
        details = await self._store.read(
            lambda snapshot: show_delivery(snapshot, call.parent, call.path_value)
        )
        return SHOW.respond(shown_details(details))

    async def test(self, call: Call[Operator, None]) -> Response:
        """`POST /operator/v1/webhooks/{webhookId}/test`: send a test message."""
        actor = actor_of(call)
        message_id = await send_test(
            self._committer,
            actor,
            call.path_value,
            lambda now: message_for_test(actor.request_id, now),
        )
        return TEST.respond(QueuedMessage(call.path_value, message_id))

    async def replay(self, call: Call[Operator, ReplayRequest]) -> Response:
        """`POST /operator/v1/webhooks/{webhookId}/replay`: send messages again."""
        body, webhook_id, actor = call.input, call.path_value, actor_of(call)
        if body.message_ids is not UNSET:
            messages = await replay(self._committer, actor, webhook_id, list(body.message_ids))
        else:
            since = None if body.since is UNSET else read_timestamp("member since", str(body.since))
            messages = await replay_given_up(self._committer, actor, webhook_id, since)
        return REPLAY.respond(Replayed(webhook_id, messages))
