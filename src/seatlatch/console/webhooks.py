"""The pages of webhooks: endpoints with their state and messages, and changes of their settings.

Who may do what is as over HTTP: support sees them, administrators change them.

See decision 182.
"""

from functools import partial
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.console.pages import Pages
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer, actor_of
from seatlatch.domain.operator import Role
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.webhook import (
    DeliveryFilter,
    ShownState,
    WebhookState,
    with_hidden_query,
)
from seatlatch.http.query import bound_cursor, given, place_in
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.read_webhooks import (
    activity_of,
    list_deliveries,
    list_key,
    list_webhooks,
    show_webhook,
    unread_entries,
    with_rates,
)
from seatlatch.operations.write_webhooks import (
    OVERLAP_SECONDS,
    CheckUrl,
    add_webhook,
    edit_webhook,
    remove_webhook,
    require_url,
    require_webhook,
    rotate_secret,
    set_state,
)
from seatlatch.presentation.identifiers import WEBHOOK_ID
from seatlatch.presentation.lists import ListQuery, page_of
from seatlatch.store.interface import Snapshot, Store

WEBHOOKS = CONSOLE + "/webhooks"
WEBHOOK = WEBHOOKS + "/{webhookId}"
OVERLAP_HOURS = OVERLAP_SECONDS // 3_600
PAGE_WEBHOOKS = 25
PAGE_MESSAGES = 25

Number = Annotated[int, Meta(ge=1, le=2**63 - 1)]
"""The number of a message, as a cursor holds it."""

Values = dict[str, Any]
"""The values that a template shows."""


class WebhooksQuery(ListQuery, rename="camel"):
    """The query of the list: all endpoints, or those of a channel or in a state."""

    channel_code: str | UnsetType = UNSET
    state: ShownState | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_WEBHOOKS)] = PAGE_WEBHOOKS


class WebhookQuery(Struct):
    """The query of an endpoint's page: which messages it lists, and after which one.

    `sent`: how many messages were just queued again, to say so.
    """

    only: DeliveryFilter = "all"
    after: str | None = None
    sent: Annotated[int, Meta(ge=0, le=10**12)] | None = None


class NewWebhookForm(Struct, rename="camel"):
    """An endpoint to add."""

    channel_code: str
    url: str
    own_changes: bool = False


class SettingsForm(Struct, rename="camel"):
    """The settings of an endpoint. `url` empty = as it is: it is not shown as a whole."""

    url: str = ""
    own_changes: bool = False


class RemoveForm(Struct):
    """A removal, which a box must confirm."""

    confirmed: bool = False


class NoFields(Struct):
    """An action without fields."""


class WebhookPages:
    """The handlers of the list of endpoints, and of an endpoint's page."""

    def __init__(
        self, pages: Pages, committer: Committer, store: Store, check_url: CheckUrl
    ) -> None:
        self._pages = pages
        self._committer = committer
        self._store = store
        self._check_url = check_url

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page = partial(self._pages.page, needs_all_organizations=True)
        action = partial(self._pages.action, needs_all_organizations=True)
        of_one = partial(action, path_value=WEBHOOK_ID)
        return [
            page(WEBHOOKS, Role.SUPPORT, self.list_all, query=WebhooksQuery),
            action(WEBHOOKS, Role.ADMIN, NewWebhookForm, self.add),
            page(
                WEBHOOK,
                Role.SUPPORT,
                self.show,
                query=WebhookQuery,
                path_value=WEBHOOK_ID,
                is_polled=True,
            ),
            of_one(WEBHOOK + "/settings", Role.ADMIN, SettingsForm, self.edit),
            of_one(WEBHOOK + "/pause", Role.ADMIN, NoFields, self.pause),
            of_one(WEBHOOK + "/resume", Role.ADMIN, NoFields, self.resume),
            of_one(WEBHOOK + "/rotate-secret", Role.ADMIN, NoFields, self.rotate_secret),
            of_one(WEBHOOK + "/remove", Role.ADMIN, RemoveForm, self.remove),
        ]

    async def list_all(self, call: Call[Viewer, WebhooksQuery]) -> Response:
        """`GET /console/webhooks`: endpoints in order of channel and age, page by page."""
        query = call.input
        channel_code, state = given(query.channel_code), given(query.state)

        async def read(snapshot: Snapshot) -> Values:
            found = await list_webhooks(snapshot, channel_code)
            found = [one for one in found if state in (None, one.shown_state)]
            shown, cursor = page_of(WEBHOOKS, sorted(found, key=list_key), list_key, query)
            return {
                "webhooks": await with_rates(snapshot, shown),
                "activity": await activity_of(snapshot, shown),
                "now": await snapshot.now(),
                "next": cursor,
                "is_first": query.after is UNSET,
            }

        values = await self._store.read(read)
        return self._pages.render(
            call,
            "webhooks.html",
            **values,
            channel_code=channel_code,
            state=state,
            shown_url=with_hidden_query,
        )

    async def add(self, call: Call[Viewer, NewWebhookForm]) -> Response:
        """`POST /console/webhooks`: add an endpoint, and show its secret once."""
        form = call.input
        call = await self._require_allowed(call, form.url)
        webhook = await add_webhook(
            self._committer,
            actor_of(call),
            form.url,
            form.channel_code,
            own_changes=form.own_changes,
        )
        return self._pages.render(
            call,
            "webhook_secret.html",
            webhook_id=webhook.webhook_id,
            secret=webhook.secret,
            old_secret_ends=None,
            overlap_hours=OVERLAP_HOURS,
        )

    async def show(self, call: Call[Viewer, WebhookQuery]) -> Response:
        """`GET /console/webhooks/{webhookId}`: an endpoint with its messages."""
        webhook_id, query = call.path_value, call.input
        list_of = (webhook_id, query.only)
        before = None if query.after is None else place_in(query.after, Number, list_of)

        async def read(snapshot: Snapshot) -> Values:
            webhook, success_rate = await show_webhook(snapshot, webhook_id)
            found = await list_deliveries(
                snapshot, webhook_id, PAGE_MESSAGES + 1, query.only, before
            )
            activity = await activity_of(snapshot, [webhook])
            return {
                "webhook": webhook,
                "success_rate": success_rate,
                "activity": activity[webhook_id],
                "unread": await unread_entries(snapshot, webhook),
                "found": found,
                "now": await snapshot.now(),
            }

        values = await self._store.read(read)
        found = values.pop("found")
        messages = found[:PAGE_MESSAGES]
        has_more = len(found) > len(messages)
        return self._pages.render(
            call,
            "webhook.html",
            **values,
            messages=messages,
            next=bound_cursor(messages[-1].number, list_of) if has_more else None,
            query=query,
            url_text=with_hidden_query(values["webhook"].url),
            overlap_hours=OVERLAP_HOURS,
        )

    async def edit(self, call: Call[Viewer, SettingsForm]) -> Response:
        """`POST /console/webhooks/{webhookId}/settings`: change the URL, or what is sent."""
        webhook_id, form = call.path_value, call.input
        if form.url:
            await self._store.read(lambda snapshot: require_webhook(snapshot.webhooks, webhook_id))
            call = await self._require_allowed(call, form.url)
        await edit_webhook(
            self._committer,
            actor_of(call),
            webhook_id,
            url=form.url or None,
            own_changes=form.own_changes,
        )
        return self._to(webhook_id)

    async def pause(self, call: Call[Viewer, NoFields]) -> Response:
        """`POST /console/webhooks/{webhookId}/pause`: stop sending, and let messages wait."""
        await set_state(self._committer, actor_of(call), call.path_value, WebhookState.PAUSED)
        return self._to(call.path_value)

    async def resume(self, call: Call[Viewer, NoFields]) -> Response:
        """`POST /console/webhooks/{webhookId}/resume`: send again, at once."""
        await set_state(self._committer, actor_of(call), call.path_value, WebhookState.ACTIVE)
        return self._to(call.path_value)

    async def rotate_secret(self, call: Call[Viewer, NoFields]) -> Response:
        """`POST /console/webhooks/{webhookId}/rotate-secret`: show a new secret once."""
        webhook_id = call.path_value
        secret, ends_at = await rotate_secret(self._committer, actor_of(call), webhook_id)
        return self._pages.render(
            call,
            "webhook_secret.html",
            webhook_id=webhook_id,
            secret=secret,
            old_secret_ends=ends_at,
            overlap_hours=OVERLAP_HOURS,
        )

    async def remove(self, call: Call[Viewer, RemoveForm]) -> Response:
        """`POST /console/webhooks/{webhookId}/remove`: remove an endpoint with its messages."""
        if not call.input.confirmed:
            raise InvalidRequest("Confirm that the endpoint and all its messages are removed.")
        await remove_webhook(self._committer, actor_of(call), call.path_value)
        return self._pages.redirect(WEBHOOKS)

    async def _require_allowed(self, call: Call[Viewer, Any], url: str) -> Call[Viewer, Any]:
        """The request with the rights that its person has after a URL was checked, which may take
        long. Raises `InvalidRequest` and `Conflict` for a URL to which nothing may be sent.
        """
        require_url(url)
        await self._check_url(url)
        return await self._pages.confirm(call, Role.ADMIN, needs_all_organizations=True)

    def _to(self, webhook_id: str) -> Response:
        return self._pages.redirect(WEBHOOKS, webhook_id)
