"""The pages about channels: their grants, and facts about their applications.

See decision 181.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from msgspec import Struct, field
from starlette.responses import Response

from seatlatch.console.access_rows import (
    CHANNEL,
    CHANNELS,
    CHOICE_ROWS_MAX,
    KeyRow,
    NoticedQuery,
    identifiers,
    key_rows,
    require_typed,
)
from seatlatch.console.applications import application_actions
from seatlatch.console.channel_facts import ChannelFacts, RateUse
from seatlatch.console.pages import Pages
from seatlatch.console.same_action import SameAction, same_action
from seatlatch.console.viewer import Viewer, actor_of
from seatlatch.domain.operator import Role
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.access_changes import AccessChanges
from seatlatch.operations.channels import (
    add_channel,
    grant,
    remove_channel,
    require_channel,
    ungrant,
)
from seatlatch.presentation.identifiers import CHANNEL_CODE
from seatlatch.presentation.lists import page_of
from seatlatch.store.access import ApplicationEntry, ChannelEntry
from seatlatch.store.interface import Snapshot, Store

GRANT_ROWS_MAX = 100


class ChannelQuery(NoticedQuery):
    """The query of a channel's page. `live`: a script asks for the facts that take longer."""

    live: bool = False


class AddChannelForm(Struct, rename="camel"):
    """A channel to add. `organization_ids`: those whose tickets it sees."""

    channel_code: str
    name: str
    organization_ids: list[str] = field(default_factory=list)


class GrantForm(Struct, rename="camel"):
    """The organizations to grant or to ungrant."""

    organization_ids: list[str]


class RemoveForm(Struct):
    """`confirmed`: the code of the channel to remove, to confirm it."""

    confirmed: str = ""


class ApplicationRow(NamedTuple):
    """An application of a channel."""

    application_id: str
    keys: Sequence[KeyRow]
    rate_uses: Sequence[RateUse]
    same: Mapping[str, SameAction]


class _Found(NamedTuple):
    channel: ChannelEntry
    applications: Sequence[ApplicationEntry]
    organizations: dict[str, str]
    now: datetime


class ChannelPages:
    """The handlers of the pages about channels."""

    def __init__(
        self, pages: Pages, store: Store, changes: AccessChanges, facts: ChannelFacts
    ) -> None:
        self._pages = pages
        self._store = store
        self._changes = changes
        self._facts = facts

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers, all for administrators of every organization."""
        page = partial(self._pages.page, needs_all_organizations=True)
        action = partial(self._pages.action, needs_all_organizations=True)
        return [
            page(CHANNELS, Role.ADMIN, self.list_all, query=NoticedQuery, is_polled=True),
            action(CHANNELS, Role.ADMIN, AddChannelForm, self.add),
            page(
                CHANNEL,
                Role.ADMIN,
                self.show,
                query=ChannelQuery,
                path_value=CHANNEL_CODE,
                is_polled=True,
            ),
            *(
                action(f"{CHANNEL}/{verb}", Role.ADMIN, form, handler, path_value=CHANNEL_CODE)
                for verb, form, handler in (
                    ("grant", GrantForm, self.grant),
                    ("ungrant", GrantForm, self.ungrant),
                    ("remove", RemoveForm, self.remove),
                )
            ),
        ]

    async def list_all(self, call: Call[Viewer, NoticedQuery]) -> Response:
        """`GET /console/channels`: all channels, page by page."""
        channels, applications, organizations = await self._store.read(_everything)
        query = call.input
        page, cursor = page_of(CHANNELS, channels, lambda entry: entry.code, query.place)
        counts = Counter(one.channel_code for one in applications)
        return self._pages.render(
            call,
            "channels.html",
            rows=[(entry, counts[entry.code]) for entry in page],
            query=query,
            next=cursor,
            locks=self._facts.locks(),
            organizations=organizations,
            choices_max=CHOICE_ROWS_MAX,
            add=same_action(
                ["channel", "add", "CODE", "--name", "NAME", "--org", "ORG_ID"],
                "POST",
                "channels",
                body={"channelCode": "CODE", "name": "NAME", "organizations": ["ORG_ID"]},
            ),
        )

    async def add(self, call: Call[Viewer, AddChannelForm]) -> Response:
        """`POST /console/channels`: add a channel with its grants."""
        form = call.input
        code = form.channel_code.strip()
        organizations = identifiers(form.organization_ids)
        await self._changes.run(actor_of(call), add_channel, code, form.name, organizations)
        return self._pages.redirect(CHANNELS, code, done="added")

    async def show(self, call: Call[Viewer, ChannelQuery]) -> Response:
        """`GET /console/channels/{channelCode}`: a channel with its applications and facts."""
        code, query = call.path_value, call.input
        found = await self._store.read(lambda snapshot: _channel(snapshot, code))
        applications, cursor = page_of(
            f"{CHANNELS}/{code}", found.applications, lambda one: one.application_id, query.place
        )
        facts = self._facts
        failures = await facts.failures(code) if query.live else facts.cached_failures(code)
        return self._pages.render(
            call,
            "channel.html",
            channel=found.channel,
            organizations=found.organizations,
            grants_shown=GRANT_ROWS_MAX,
            applications=[self._row(one, found.now) for one in applications],
            next=cursor,
            query=query,
            locks=self._facts.locks(),
            failures=failures,
            same_actions=_channel_actions(code),
        )

    def _row(self, entry: ApplicationEntry, now: datetime) -> ApplicationRow:
        application_id = entry.application_id
        return ApplicationRow(
            application_id,
            key_rows(entry.api_keys, now),
            self._facts.rate_uses(application_id),
            application_actions(application_id),
        )

    async def grant(self, call: Call[Viewer, GrantForm]) -> Response:
        """`POST .../grant`: let the channel see the tickets of organizations."""
        organizations = identifiers(call.input.organization_ids)
        await self._changes.run(actor_of(call), grant, call.path_value, organizations)
        return self._pages.redirect(CHANNELS, call.path_value, done="granted")

    async def ungrant(self, call: Call[Viewer, GrantForm]) -> Response:
        """`POST .../ungrant`: hide them again. Tickets that it has locked stay locked."""
        organizations = identifiers(call.input.organization_ids)
        await self._changes.run(actor_of(call), ungrant, call.path_value, organizations)
        return self._pages.redirect(CHANNELS, call.path_value, done="ungranted")

    async def remove(self, call: Call[Viewer, RemoveForm]) -> Response:
        """`POST .../remove`: remove an unused channel."""
        require_typed(call.input.confirmed, call.path_value)
        await remove_channel(self._store, self._changes.committer, actor_of(call), call.path_value)
        self._changes.made()
        return self._pages.redirect(CHANNELS, done="removed")


def _channel_actions(code: str) -> dict[str, SameAction]:
    """The actions of a channel's page as commands and calls."""
    grants = ("channels", code, "organizations", "ORG_ID")
    body = {"applicationId": "APPLICATION_ID", "channelCode": code}
    return {
        "grant": same_action(["channel", "grant", code, "ORG_ID"], "PUT", *grants),
        "ungrant": same_action(["channel", "ungrant", code, "ORG_ID"], "DELETE", *grants),
        "remove": same_action(["channel", "remove", code], "DELETE", "channels", code),
        "add": same_action(
            ["app", "add", "APPLICATION_ID", "--channel", code], "POST", "applications", body=body
        ),
    }


async def _everything(
    snapshot: Snapshot,
) -> tuple[Sequence[ChannelEntry], Sequence[ApplicationEntry], dict[str, str]]:
    access = snapshot.access
    return (
        await access.channels(),
        await access.applications(),
        dict(await access.organizations()),
    )


async def _channel(snapshot: Snapshot, code: str) -> _Found:
    """A channel. Raises `NotFound`, or `InvalidRequest` for what can be no code."""
    channel = await require_channel(snapshot.access, code)
    applications = [one for one in await snapshot.access.applications() if one.channel_code == code]
    organizations = dict(await snapshot.access.organizations())
    return _Found(channel, applications, organizations, await snapshot.now())
