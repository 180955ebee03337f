"""The console's templates: everything is escaped, and every link has the root path.

See decision 175.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.webhook import with_hidden_query

CONSOLE = "/console"


class Place(NamedTuple):
    """An entry of the menu. `role`: the role that its page needs. `needs_all_organizations`:
    whether it is hidden from an operator who is limited to some.
    """

    path: str
    title: str
    role: Role = Role.READ
    needs_all_organizations: bool = False

    def is_for(self, operator: Operator) -> bool:
        """Whether an operator may open it."""
        sees_enough = operator.organizations is None or not self.needs_all_organizations
        return sees_enough and operator.role.includes(self.role)


MENU = (
    Place(CONSOLE, "Home"),
    Place(CONSOLE + "/events", "Events"),
    Place(CONSOLE + "/tickets", "Tickets"),
    Place(CONSOLE + "/requests", "Requests"),
    Place(CONSOLE + "/channels", "Channels", Role.ADMIN, needs_all_organizations=True),
    Place(CONSOLE + "/webhooks", "Webhooks", Role.SUPPORT, needs_all_organizations=True),
    Place(CONSOLE + "/journal", "Journal", needs_all_organizations=True),
    Place(CONSOLE + "/import", "Import", Role.BOX_OFFICE),
    Place(CONSOLE + "/people", "People", Role.ADMIN, needs_all_organizations=True),
    Place(CONSOLE + "/audit", "Audit", Role.ADMIN, needs_all_organizations=True),
)


class Templates:
    """Renders the console's templates. `root_path`: the path under which a proxy publishes it."""

    def __init__(self, root_path: str, *, is_sandbox: bool) -> None:
        self._root_path = root_path
        self._environment = Environment(
            loader=PackageLoader("seatlatch.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            url=self.url,
            time=time,
            menu=menu,
            hidden_query=with_hidden_query,
            is_sandbox=is_sandbox,
            Role=Role,
        )

    def url(self, path: str, *segments: str, **query: str | int | Sequence[str] | None) -> str:
        """The URL of a path of the service. Each of `segments` is percent-encoded and appended.

        A parameter of the query that is None or empty is left out; one with several values is
        repeated.
        """
        url = self._root_path + path + "".join(f"/{quote(one, safe='')}" for one in segments)
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return f"{url}?{urlencode(given, doseq=True)}" if given else url

    def render(self, name: str, /, **values: Any) -> str:
        """A page or a part of one."""
        return self._environment.get_template(name).render(values)


def time(timestamp: datetime | None, absent: str = "never") -> Markup | str:
    """A timestamp, in UTC until a script shows it in the viewer's zone."""
    if timestamp is None:
        return absent
    text = timestamp.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}">{}</time>').format(timestamp.isoformat(), text)


def menu(operator: Operator) -> list[Place]:
    """The pages that an operator may open."""
    return [place for place in MENU if place.is_for(operator)]
