"""The page of the audit: administrative changes and sign-ins.

See decision 181.
"""

from datetime import UTC, date, datetime, timedelta
from functools import partial

from msgspec import Struct
from starlette.responses import Response

from seatlatch.console.pages import Pages
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer
from seatlatch.domain.audit import Action, AuditFilters
from seatlatch.domain.operator import Role
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.presentation.audit import PAGE_ENTRIES, audit_page, details_in_words
from seatlatch.store.interface import Store

AUDIT = CONSOLE + "/audit"


class AuditSearch(Struct):
    """The query of the page. `since` and `until` are days in UTC, both included."""

    actor: str | None = None
    action: Action | None = None
    target: str | None = None
    since: date | None = None
    until: date | None = None
    after: str | None = None


class AuditPages:
    """The handler of the page."""

    def __init__(self, pages: Pages, store: Store) -> None:
        self._pages = pages
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """The route of this handler, for administrators of every organization."""
        page = partial(self._pages.page, needs_all_organizations=True)
        return [page(AUDIT, Role.ADMIN, self.list_all, query=AuditSearch)]

    async def list_all(self, call: Call[Viewer, AuditSearch]) -> Response:
        """`GET /console/audit`: the entries, the newest first, page by page."""
        search = call.input
        page = await audit_page(self._store, _filters(search), search.after, PAGE_ENTRIES)
        return self._pages.render(
            call,
            "audit.html",
            rows=[(entry, details_in_words(entry.details)) for entry in page.entries],
            next=page.next,
            search=search,
            filters={
                name: getattr(search, name)
                for name in ("actor", "action", "target", "since", "until")
            },
            actions=list(Action),
        )


def _filters(search: AuditSearch) -> AuditFilters:
    since = None if search.since is None else _start_of(search.since)
    until = None
    if search.until is not None and search.until < date.max:
        until = _start_of(search.until + timedelta(days=1))
    return AuditFilters(search.actor, search.action, search.target, since, until)


def _start_of(day: date) -> datetime:
    """The start of a day in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
