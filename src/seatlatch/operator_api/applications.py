"""The operator's calls about applications, with their API keys and authorization codes.

Source: the contract's section on the second edition of operator HTTP.
"""

from starlette.responses import Response

from seatlatch.domain.operator import Operator
from seatlatch.domain.refusal import Conflict, InvalidRequest, NotFound
from seatlatch.http.body import SMALL_BODY_BYTES_MAX, JsonBody
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.access_changes import AccessChanges
from seatlatch.operations.applications import (
    add_application,
    authorize,
    revoke_application,
    rotate_key,
)
from seatlatch.operator_api.access_schemas import (
    AddedApplication,
    ApplicationBody,
    ApplicationList,
    NewApiKey,
    NewAuthorizationCode,
    RotateApiKey,
    ShownApiKey,
    ShownApplication,
)
from seatlatch.operator_api.admission import ADMIN, OperatorAdmission, actor_of
from seatlatch.presentation.identifiers import APPLICATION_ID
from seatlatch.presentation.lists import ListQuery, page_of
from seatlatch.store.access import ApplicationEntry
from seatlatch.store.interface import Store

APPLICATIONS = "/operator/v1/applications"
APPLICATION = APPLICATIONS + "/{applicationId}"

LIST = RouteSpec("GET", APPLICATIONS, ADMIN, query=ListQuery)
ADD = RouteSpec(
    "POST",
    APPLICATIONS,
    ADMIN,
    body=JsonBody(ApplicationBody, SMALL_BODY_BYTES_MAX),
    status=201,
    has_secrets=True,
    own_refusals=(NotFound, Conflict),
)
REVOKE: RouteSpec[None] = RouteSpec(
    "DELETE",
    APPLICATION,
    ADMIN,
    path_value=APPLICATION_ID,
    status=204,
    own_refusals=(NotFound, InvalidRequest),
)
ROTATE_KEY = RouteSpec(
    "POST",
    APPLICATION + "/rotate-key",
    ADMIN,
    body=JsonBody(RotateApiKey, SMALL_BODY_BYTES_MAX),
    path_value=APPLICATION_ID,
    has_secrets=True,
    own_refusals=(NotFound,),
)
AUTHORIZE: RouteSpec[None] = RouteSpec(
    "POST",
    APPLICATION + "/authorize",
    ADMIN,
    path_value=APPLICATION_ID,
    has_secrets=True,
    own_refusals=(NotFound, InvalidRequest),
)


class OperatorApplications:
    """The handlers of the calls about applications. `code_seconds`: how long a code is valid."""

    def __init__(
        self,
        admission: OperatorAdmission,
        store: Store,
        changes: AccessChanges,
        code_seconds: int,
    ) -> None:
        self._admission = admission
        self._store = store
        self._changes = changes
        self._code_seconds = code_seconds

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(LIST, self._admission, self.page),
            api_route(ADD, self._admission, self.add),
            api_route(REVOKE, self._admission, self.revoke),
            api_route(ROTATE_KEY, self._admission, self.rotate_key),
            api_route(AUTHORIZE, self._admission, self.authorize),
        ]

    async def page(self, call: Call[Operator, ListQuery]) -> Response:
        """`GET /operator/v1/applications`: all applications, page by page."""
        entries = await self._store.read(lambda snapshot: snapshot.access.applications())
        page, cursor = page_of(
            APPLICATIONS, entries, lambda entry: entry.application_id, call.input
        )
        return LIST.respond(ApplicationList([_shown(entry) for entry in page], cursor))

    async def add(self, call: Call[Operator, ApplicationBody]) -> Response:
        """`POST /operator/v1/applications`: add an application of a channel."""
        application_id, channel_code = call.input.application_id, call.input.channel_code
        api_key, code = await self._changes.run(
            actor_of(call), add_application, application_id, channel_code, self._code_seconds
        )
        return ADD.respond(AddedApplication(application_id, channel_code, api_key, code.code))

    async def revoke(self, call: Call[Operator, None]) -> Response:
        """`DELETE /operator/v1/applications/{applicationId}`: end its keys, codes and tokens."""
        await self._changes.run(actor_of(call), revoke_application, call.path_value)
        return REVOKE.respond()

    async def rotate_key(self, call: Call[Operator, RotateApiKey]) -> Response:
        """`POST /operator/v1/applications/{applicationId}/rotate-key`: give it a new API key."""
        issued = await self._changes.run(
            actor_of(call), rotate_key, call.path_value, call.input.overlap_seconds
        )
        return ROTATE_KEY.respond(NewApiKey(call.path_value, *issued))

    async def authorize(self, call: Call[Operator, None]) -> Response:
        """`POST /operator/v1/applications/{applicationId}/authorize`: give it a new code."""
        issued = await self._changes.run(
            actor_of(call), authorize, call.path_value, self._code_seconds
        )
        return AUTHORIZE.respond(NewAuthorizationCode(call.path_value, *issued))


def _shown(entry: ApplicationEntry) -> ShownApplication:
    keys = [ShownApiKey(key.expires_at) for key in entry.api_keys]
    return ShownApplication(entry.application_id, entry.channel_code, keys)
