"""The operator's calls that manage webhooks.

Source: the contract's section on the second edition of operator HTTP.

See decision 157.
"""

from typing import Any

from msgspec import UNSET
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.domain.operator import Operator
from seatlatch.domain.refusal import Conflict, NotFound
from seatlatch.domain.webhook import WebhookState
from seatlatch.http.body import SMALL_BODY_BYTES_MAX, JsonBody
from seatlatch.http.query import given
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.read_webhooks import (
    RatedWebhook,
    list_key,
    list_webhooks,
    show_webhook,
    with_rates,
)
from seatlatch.operations.write_webhooks import (
    CheckUrl,
    add_webhook,
    edit_webhook,
    remove_webhook,
    require_url,
    rotate_secret,
    set_state,
)
from seatlatch.operator_api.admission import (
    ADMIN,
    SUPPORT_OF_ALL,
    OperatorAdmission,
    actor_of,
)
from seatlatch.operator_api.webhook_rows import added_webhook, shown_webhook
from seatlatch.operator_api.webhook_schemas import (
    NewWebhookSecret,
    WebhookBody,
    WebhookChange,
    WebhookList,
    WebhookQuery,
)
from seatlatch.presentation.identifiers import WEBHOOK_ID
from seatlatch.presentation.lists import page_of
from seatlatch.store.interface import Snapshot, Store

WEBHOOKS = "/operator/v1/webhooks"
WEBHOOK = WEBHOOKS + "/{webhookId}"

LIST = RouteSpec("GET", WEBHOOKS, SUPPORT_OF_ALL, query=WebhookQuery)
ADD = RouteSpec(
    "POST",
    WEBHOOKS,
    ADMIN,
    body=JsonBody(WebhookBody, SMALL_BODY_BYTES_MAX),
    status=201,
    has_secrets=True,
    own_refusals=(NotFound, Conflict),
)
SHOW: RouteSpec[None] = RouteSpec(
    "GET", WEBHOOK, SUPPORT_OF_ALL, path_value=WEBHOOK_ID, own_refusals=(NotFound,)
)
EDIT = RouteSpec(
    "PATCH",
    WEBHOOK,
    ADMIN,
    body=JsonBody(WebhookChange, SMALL_BODY_BYTES_MAX),
    path_value=WEBHOOK_ID,
    own_refusals=(NotFound, Conflict),
)
REMOVE: RouteSpec[None] = RouteSpec(
    "DELETE", WEBHOOK, ADMIN, path_value=WEBHOOK_ID, status=204, own_refusals=(NotFound,)
)
PAUSE: RouteSpec[None] = RouteSpec(
    "POST", WEBHOOK + "/pause", ADMIN, path_value=WEBHOOK_ID, own_refusals=(NotFound,)
)
RESUME: RouteSpec[None] = RouteSpec(
    "POST", WEBHOOK + "/resume", ADMIN, path_value=WEBHOOK_ID, own_refusals=(NotFound,)
)
ROTATE_SECRET: RouteSpec[None] = RouteSpec(
    "POST",
    WEBHOOK + "/rotate-secret",
    ADMIN,
    path_value=WEBHOOK_ID,
    has_secrets=True,
    own_refusals=(NotFound,),
)


class OperatorWebhooks:
    """The handlers of the calls that manage webhooks."""

    def __init__(
        self, admission: OperatorAdmission, committer: Committer, store: Store, check_url: CheckUrl
    ) -> None:
        self._admission = admission
        self._committer = committer
        self._store = store
        self._check_url = check_url

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(LIST, self._admission, self.list_all),
            api_route(ADD, self._admission, self.add),
            api_route(SHOW, self._admission, self.show),
            api_route(EDIT, self._admission, self.edit),
            api_route(REMOVE, self._admission, self.remove),
            api_route(PAUSE, self._admission, self.pause),
            api_route(RESUME, self._admission, self.resume),
            api_route(ROTATE_SECRET, self._admission, self.rotate_secret),
        ]

    async def list_all(self, call: Call[Operator, WebhookQuery]) -> Response:
        """`GET /operator/v1/webhooks`: webhooks in order of channel and age, page by page."""
        query = call.input
        channel_code = given(query.channel_code)

        async def read(snapshot: Snapshot) -> WebhookList:
            found = await list_webhooks(snapshot, channel_code)
            page, cursor = page_of(WEBHOOKS, sorted(found, key=list_key), list_key, query)
            rated = await with_rates(snapshot, page)
            return WebhookList([shown_webhook(one) for one in rated], cursor)

        return LIST.respond(await self._store.read(read))

    async def add(self, call: Call[Operator, WebhookBody]) -> Response:
        """`POST /operator/v1/webhooks`: add a webhook."""
        body = call.input
        operator = await self._require_allowed(call, ADD, body.url)
        webhook = await add_webhook(
            self._committer,
            actor_of(call._replace(caller=operator)),
            body.url,
            body.channel_code,
            own_changes=body.own_changes,
        )
        return ADD.respond(added_webhook(RatedWebhook(webhook, None)))

    async def show(self, call: Call[Operator, None]) -> Response:
        """`GET /operator/v1/webhooks/{webhookId}`: one webhook."""
        return await self._show(SHOW, call.path_value)

    async def edit(self, call: Call[Operator, WebhookChange]) -> Response:
        """`PATCH /operator/v1/webhooks/{webhookId}`: change a webhook."""
        url, own_changes = call.input.url, call.input.own_changes
        operator = call.caller
        if url is not UNSET:
            await self._store.read(lambda snapshot: show_webhook(snapshot, call.path_value))
            operator = await self._require_allowed(call, EDIT, str(url))
        await edit_webhook(
            self._committer,
            actor_of(call._replace(caller=operator)),
            call.path_value,
            url=given(url),
            own_changes=given(own_changes),
        )
        return await self._show(EDIT, call.path_value)

    async def remove(self, call: Call[Operator, None]) -> Response:
        """`DELETE /operator/v1/webhooks/{webhookId}`: remove a webhook with its messages."""
        await remove_webhook(self._committer, actor_of(call), call.path_value)
        return REMOVE.respond()

    async def pause(self, call: Call[Operator, None]) -> Response:
        """`POST /operator/v1/webhooks/{webhookId}/pause`: stop sending, and let messages wait."""
        await set_state(self._committer, actor_of(call), call.path_value, WebhookState.PAUSED)
        return await self._show(PAUSE, call.path_value)

    async def resume(self, call: Call[Operator, None]) -> Response:
        """`POST /operator/v1/webhooks/{webhookId}/resume`: send again, at once."""
        await set_state(self._committer, actor_of(call), call.path_value, WebhookState.ACTIVE)
        return await self._show(RESUME, call.path_value)

    async def rotate_secret(self, call: Call[Operator, None]) -> Response:
        """`POST /operator/v1/webhooks/{webhookId}/rotate-secret`: sign with a new secret."""
        webhook_id = call.path_value
        secret, ends_at = await rotate_secret(self._committer, actor_of(call), webhook_id)
        return ROTATE_SECRET.respond(NewWebhookSecret(webhook_id, secret, ends_at))

    async def _require_allowed(
        self, call: Call[Operator, Any], route: RouteSpec[Any], url: str
    ) -> Operator:
        """The operator with the role that it has after a URL was checked, which may take long.

        Raises `InvalidRequest` and `Conflict` for a URL to which webhooks may not be sent.
        """
        require_url(url)
        await self._check_url(url)
        return await self._admission.confirm(call.context, route, call.caller)

    async def _show(self, route: RouteSpec[Any], webhook_id: str) -> Response:
        rated = await self._store.read(lambda snapshot: show_webhook(snapshot, webhook_id))
        return route.respond(shown_webhook(rated))
