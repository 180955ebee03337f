"""The page of organizations: box offices, whose tickets are in the inventory.

See decision 181.
"""

from functools import partial

from msgspec import Struct
from starlette.responses import Response

from seatlatch.console.access_rows import NoticedQuery
from seatlatch.console.pages import Pages
from seatlatch.console.same_action import same_action
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer, actor_of
from seatlatch.domain.operator import Role
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.access_changes import AccessChanges
from seatlatch.operations.organizations import add_organization, remove_organization
from seatlatch.presentation.lists import page_of
from seatlatch.store.interface import Store

ORGANIZATIONS = CONSOLE + "/organizations"


class AddOrganizationForm(Struct, rename="camel"):
    """An organization to add."""

    organization_id: str
    name: str


class RemoveOrganizationForm(Struct, rename="camel"):
    """An organization to remove. Its id is typed, which confirms the removal."""

    organization_id: str


class OrganizationPages:
    """The handlers of the page."""

    def __init__(self, pages: Pages, store: Store, changes: AccessChanges) -> None:
        self._pages = pages
        self._store = store
        self._changes = changes

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers, all for administrators of every organization."""
        page = partial(self._pages.page, needs_all_organizations=True)
        action = partial(self._pages.action, needs_all_organizations=True)
        return [
            page(ORGANIZATIONS, Role.ADMIN, self.list_all, query=NoticedQuery),
            action(ORGANIZATIONS, Role.ADMIN, AddOrganizationForm, self.add),
            action(ORGANIZATIONS + "/remove", Role.ADMIN, RemoveOrganizationForm, self.remove),
        ]

    async def list_all(self, call: Call[Viewer, NoticedQuery]) -> Response:
        """`GET /console/organizations`: all organizations, page by page."""
        names = await self._store.read(lambda snapshot: snapshot.access.organizations())
        query = call.input
        rows, cursor = page_of(
            ORGANIZATIONS, list(names.items()), lambda entry: entry[0], query.place
        )
        return self._pages.render(
            call,
            "organizations.html",
            rows=rows,
            next=cursor,
            query=query,
            add=same_action(
                ["org", "add", "ORG_ID", "--name", "NAME"],
                "POST",
                "organizations",
                body={"organizationId": "ORG_ID", "name": "NAME"},
            ),
            remove=same_action(["org", "remove", "ORG_ID"], "DELETE", "organizations", "ORG_ID"),
        )

    async def add(self, call: Call[Viewer, AddOrganizationForm]) -> Response:
        """`POST /console/organizations`: add an organization."""
        form = call.input
        await self._changes.run(
            actor_of(call), add_organization, form.organization_id.strip(), form.name
        )
        return self._pages.redirect(ORGANIZATIONS, done="added")

    async def remove(self, call: Call[Viewer, RemoveOrganizationForm]) -> Response:
        """`POST /console/organizations/remove`: remove an organization that nothing depends on."""
        organization_id = call.input.organization_id.strip()
        await self._changes.run(actor_of(call), remove_organization, organization_id)
        return self._pages.redirect(ORGANIZATIONS, done="removed")
