"""The operator's calls about organizations, and about channels with their grants.

Source: the contract's section on the second edition of operator HTTP.
"""

from starlette.responses import Response

from seatlatch.domain.operator import Operator
from seatlatch.domain.refusal import Conflict, InvalidRequest, NotFound
from seatlatch.http.body import SMALL_BODY_BYTES_MAX, TICKETS_BODY_BYTES_MAX, JsonBody
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.access_changes import AccessChanges
from seatlatch.operations.channels import (
    add_channel,
    grant,
    remove_channel,
    require_channel,
    ungrant,
)
from seatlatch.operations.organizations import add_organization, remove_organization
from seatlatch.operator_api.access_schemas import (
    ChannelBody,
    ChannelList,
    Organization,
    OrganizationList,
    ShownChannel,
)
from seatlatch.operator_api.admission import ADMIN, OperatorAdmission, actor_of
from seatlatch.presentation.identifiers import CHANNEL_CODE, ORGANIZATION_ID
from seatlatch.presentation.lists import ListQuery, page_of
from seatlatch.store.access import ChannelEntry
from seatlatch.store.interface import Store

ORGANIZATIONS = "/operator/v1/organizations"
CHANNELS = "/operator/v1/channels"
GRANTS = CHANNELS + "/{channelCode}/organizations/{organizationId}"

LIST_ORGANIZATIONS = RouteSpec("GET", ORGANIZATIONS, ADMIN, query=ListQuery)
ADD_ORGANIZATION = RouteSpec(
    "POST",
    ORGANIZATIONS,
    ADMIN,
    body=JsonBody(Organization, SMALL_BODY_BYTES_MAX),
    status=201,
    own_refusals=(Conflict,),
)
REMOVE_ORGANIZATION: RouteSpec[None] = RouteSpec(
    "DELETE",
    ORGANIZATIONS + "/{organizationId}",
    ADMIN,
    path_value=ORGANIZATION_ID,
    status=204,
    own_refusals=(NotFound, Conflict, InvalidRequest),
)
LIST_CHANNELS = RouteSpec("GET", CHANNELS, ADMIN, query=ListQuery)
ADD_CHANNEL = RouteSpec(
    "POST",
    CHANNELS,
    ADMIN,
    body=JsonBody(ChannelBody, TICKETS_BODY_BYTES_MAX),
    status=201,
    own_refusals=(NotFound, Conflict),
)
REMOVE_CHANNEL: RouteSpec[None] = RouteSpec(
    "DELETE",
    CHANNELS + "/{channelCode}",
    ADMIN,
    path_value=CHANNEL_CODE,
    status=204,
    own_refusals=(NotFound, Conflict, InvalidRequest),
)
GRANT: RouteSpec[None] = RouteSpec(
    "PUT",
    GRANTS,
    ADMIN,
    parent=CHANNEL_CODE,
    path_value=ORGANIZATION_ID,
    own_refusals=(NotFound, InvalidRequest),
)
UNGRANT: RouteSpec[None] = RouteSpec(
    "DELETE",
    GRANTS,
    ADMIN,
    parent=CHANNEL_CODE,
    path_value=ORGANIZATION_ID,
    own_refusals=(NotFound, InvalidRequest),
)


class OperatorOrganizations:
    """The handlers of the calls about organizations and channels."""

    def __init__(self, admission: OperatorAdmission, store: Store, changes: AccessChanges) -> None:
        self._admission = admission
        self._store = store
        self._changes = changes

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(LIST_ORGANIZATIONS, self._admission, self.list_organizations),
            api_route(ADD_ORGANIZATION, self._admission, self.add_organization),
            api_route(REMOVE_ORGANIZATION, self._admission, self.remove_organization),
            api_route(LIST_CHANNELS, self._admission, self.list_channels),
            api_route(ADD_CHANNEL, self._admission, self.add_channel),
            api_route(REMOVE_CHANNEL, self._admission, self.remove_channel),
            api_route(GRANT, self._admission, self.grant),
            api_route(UNGRANT, self._admission, self.ungrant),
        ]

    async def list_organizations(self, call: Call[Operator, ListQuery]) -> Response:
        """`GET /operator/v1/organizations`: all organizations, page by page."""
        names = await self._store.read(lambda snapshot: snapshot.access.organizations())
        page, cursor = page_of(
            ORGANIZATIONS, list(names.items()), lambda entry: entry[0], call.input
        )
        shown = [Organization(*entry) for entry in page]
        return LIST_ORGANIZATIONS.respond(OrganizationList(shown, cursor))

    async def add_organization(self, call: Call[Operator, Organization]) -> Response:
        """`POST /operator/v1/organizations`: add an organization."""
        body = call.input
        await self._changes.run(actor_of(call), add_organization, body.organization_id, body.name)
        return ADD_ORGANIZATION.respond(body)

    async def remove_organization(self, call: Call[Operator, None]) -> Response:
        """`DELETE /operator/v1/organizations/{organizationId}`: remove an organization."""
        await self._changes.run(actor_of(call), remove_organization, call.path_value)
        return REMOVE_ORGANIZATION.respond()

    async def list_channels(self, call: Call[Operator, ListQuery]) -> Response:
        """`GET /operator/v1/channels`: all channels with their grants, page by page."""
        entries = await self._store.read(lambda snapshot: snapshot.access.channels())
        page, cursor = page_of(CHANNELS, entries, lambda entry: entry.code, call.input)
        return LIST_CHANNELS.respond(ChannelList([_shown(entry) for entry in page], cursor))

    async def add_channel(self, call: Call[Operator, ChannelBody]) -> Response:
        """`POST /operator/v1/channels`: add a channel with its grants."""
        body = call.input
        added = await self._changes.run(
            actor_of(call), add_channel, body.channel_code, body.name, body.organizations
        )
        return ADD_CHANNEL.respond(_shown(added))

    async def remove_channel(self, call: Call[Operator, None]) -> Response:
        """`DELETE /operator/v1/channels/{channelCode}`: remove an unused channel."""
        await remove_channel(self._store, self._changes.committer, actor_of(call), call.path_value)
        self._changes.made()
        return REMOVE_CHANNEL.respond()

    async def grant(self, call: Call[Operator, None]) -> Response:
        """`PUT /operator/v1/channels/{channelCode}/organizations/{organizationId}`: grant it."""
        await self._changes.run(actor_of(call), grant, call.parent, [call.path_value])
        return GRANT.respond(await self._channel(call.parent))

    async def ungrant(self, call: Call[Operator, None]) -> Response:
        """`DELETE` at the same path: remove the grant. Tickets that are locked stay locked."""
        await self._changes.run(actor_of(call), ungrant, call.parent, [call.path_value])
        return UNGRANT.respond(await self._channel(call.parent))

    async def _channel(self, code: str) -> ShownChannel:
        entry = await self._store.read(lambda snapshot: require_channel(snapshot.access, code))
        return _shown(entry)


def _shown(entry: ChannelEntry) -> ShownChannel:
    return ShownChannel(entry.code, entry.name, list(entry.organizations))
