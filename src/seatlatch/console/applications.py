"""The actions on applications: their keys and codes, which one page shows once.

See decision 181.
"""

from functools import partial
from typing import Annotated

from msgspec import Meta, Struct
from starlette.responses import Response

from seatlatch.console.access_rows import CHANNEL, CHANNELS, DAY_SECONDS, require_typed
from seatlatch.console.pages import Pages
from seatlatch.console.same_action import SameAction, same_action
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer, actor_of
from seatlatch.domain.operator import Role
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.access_changes import AccessChanges
from seatlatch.operations.applications import (
    add_application,
    authorize,
    require_application,
    revoke_application,
    rotate_key,
)
from seatlatch.presentation.identifiers import APPLICATION_ID, CHANNEL_CODE
from seatlatch.settings import YEAR_SECONDS
from seatlatch.store.interface import Store

APPLICATIONS = CONSOLE + "/applications"
APPLICATION = APPLICATIONS + "/{applicationId}"


class AddApplicationForm(Struct, rename="camel"):
    """An application to add to a channel."""

    application_id: str


class RotateForm(Struct):
    """Give an application a new key. Its old keys end after `overlap` seconds."""

    overlap: Annotated[int, Meta(ge=0, le=YEAR_SECONDS)] = DAY_SECONDS


class AuthorizeForm(Struct):
    """Give an application a new authorization code."""


class RevokeForm(Struct):
    """`confirmed`: the id of the application to revoke, to confirm it."""

    confirmed: str = ""


class ApplicationPages:
    """The handlers of the actions. `code_seconds`: how long a code is valid."""

    def __init__(
        self, pages: Pages, store: Store, changes: AccessChanges, code_seconds: int
    ) -> None:
        self._pages = pages
        self._store = store
        self._changes = changes
        self._code_seconds = code_seconds

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers, all for administrators of every organization."""
        action = partial(self._pages.action, needs_all_organizations=True)
        return [
            action(
                CHANNEL + "/applications",
                Role.ADMIN,
                AddApplicationForm,
                self.add,
                path_value=CHANNEL_CODE,
            ),
            *(
                action(
                    f"{APPLICATION}/{verb}", Role.ADMIN, form, handler, path_value=APPLICATION_ID
                )
                for verb, form, handler in (
                    ("rotate-key", RotateForm, self.rotate_key),
                    ("authorize", AuthorizeForm, self.authorize),
                    ("revoke", RevokeForm, self.revoke),
                )
            ),
        ]

    async def add(self, call: Call[Viewer, AddApplicationForm]) -> Response:
        """`POST /console/channels/{channelCode}/applications`: add an application."""
        application_id, channel = call.input.application_id.strip(), call.path_value
        api_key, code = await self._changes.run(
            actor_of(call), add_application, application_id, channel, self._code_seconds
        )
        return self._pages.render(
            call,
            "secrets.html",
            title=f"{application_id} was added",
            secrets=[("API key", api_key), ("Authorization code", code.code)],
            notes=[("The code is valid for one exchange until", code.expires_at)],
            back=self._pages.url(CHANNELS, channel),
        )

    async def rotate_key(self, call: Call[Viewer, RotateForm]) -> Response:
        """`POST /console/applications/{applicationId}/rotate-key`: give it a new key."""
        application_id, overlap = call.path_value, call.input.overlap
        back = await self._channel_url(application_id)
        issued = await self._changes.run(actor_of(call), rotate_key, application_id, overlap)
        return self._pages.render(
            call,
            "secrets.html",
            title=f"{application_id} has a new key",
            secrets=[("API key", issued.api_key)],
            notes=[("All older keys have ended by", issued.old_keys_end)],
            back=back,
        )

    async def authorize(self, call: Call[Viewer, AuthorizeForm]) -> Response:
        """`POST .../authorize`: give it a new authorization code. Its tokens stay valid."""
        application_id = call.path_value
        back = await self._channel_url(application_id)
        issued = await self._changes.run(
            actor_of(call), authorize, application_id, self._code_seconds
        )
        return self._pages.render(
            call,
            "secrets.html",
            title=f"{application_id} has a new authorization code",
            secrets=[("Authorization code", issued.code)],
            notes=[("It is valid for one exchange until", issued.expires_at)],
            back=back,
        )

    async def revoke(self, call: Call[Viewer, RevokeForm]) -> Response:
        """`POST .../revoke`: remove it. Its keys, codes and tokens end at once."""
        application_id = call.path_value
        require_typed(call.input.confirmed, application_id)
        channel = await self._channel_of(application_id)
        await self._changes.run(actor_of(call), revoke_application, application_id)
        return self._pages.redirect(CHANNELS, channel, done="revoked")

    async def _channel_url(self, application_id: str) -> str:
        return self._pages.url(CHANNELS, await self._channel_of(application_id))

    async def _channel_of(self, application_id: str) -> str:
        """The code of its channel. Raises `NotFound`."""
        entry = await self._store.read(
            lambda snapshot: require_application(snapshot.access, application_id)
        )
        return entry.channel_code


def application_actions(application_id: str) -> dict[str, SameAction]:
    """The actions of an application as commands and calls."""
    one = ("applications", application_id)
    rotate = ["app", "rotate-key", application_id, "--overlap", str(DAY_SECONDS)]
    body = {"overlapSeconds": DAY_SECONDS}
    return {
        "rotate": same_action(rotate, "POST", *one, "rotate-key", body=body),
        "authorize": same_action(["app", "authorize", application_id], "POST", *one, "authorize"),
        "revoke": same_action(["app", "revoke", application_id], "DELETE", *one),
    }
