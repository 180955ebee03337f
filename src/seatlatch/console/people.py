"""The pages of people and programs that act for the box office: operators with their keys.

See decision 181.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct, field
from starlette.responses import Response

from seatlatch.console.access_rows import (
    CHOICE_ROWS_MAX,
    DAY_SECONDS,
    NoticedQuery,
    identifiers,
    key_rows,
    require_typed,
)
from seatlatch.console.pages import SIGN_IN, Pages
from seatlatch.console.same_action import SameAction, same_action
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer, actor_of
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.access_changes import AccessChanges
from seatlatch.operations.operators import (
    OVERLAP_SECONDS_MAX,
    add_operator,
    change_operator,
    require_operator,
    revoke_operator,
    rotate_operator_key,
)
from seatlatch.presentation.identifiers import OPERATOR_NAME
from seatlatch.presentation.lists import page_of
from seatlatch.store.access import OperatorEntry
from seatlatch.store.interface import Snapshot, Store

PEOPLE = CONSOLE + "/people"
PERSON = PEOPLE + "/{operatorName}"

Scope = Literal["all", "some"]
"""Whether somebody sees all organizations, or only those that are listed."""


class AddPersonForm(Struct, rename="camel"):
    """An operator to add. `last_day`: the last day of its first key, in UTC; None = no end."""

    name: str
    role: Role
    scope: Scope
    organization_ids: list[str] = field(default_factory=list)
    last_day: date | None = None


class ChangePersonForm(Struct, rename="camel"):
    """The role and the organizations that an operator is to have."""

    role: Role
    scope: Scope
    organization_ids: list[str] = field(default_factory=list)


class RotateForm(Struct, rename="camel"):
    """A new key. The old ones end after `overlap` seconds. `last_day` as in `AddPersonForm`."""

    overlap: Annotated[int, Meta(ge=0, le=OVERLAP_SECONDS_MAX)] = DAY_SECONDS
    last_day: date | None = None


class RevokeForm(Struct):
    """`confirmed`: the name of the operator to revoke, to confirm it."""

    confirmed: str = ""


class PersonRow(NamedTuple):
    """An operator in the list. `keys`: how many are valid."""

    operator: Operator
    keys: int
    next_end: datetime | None
    last_used_at: datetime | None


class PeoplePages:
    """The handlers of the pages about operators."""

    def __init__(self, pages: Pages, store: Store, changes: AccessChanges) -> None:
        self._pages = pages
        self._store = store
        self._changes = changes

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers, all for administrators of every organization."""
        page = partial(self._pages.page, needs_all_organizations=True)
        action = partial(self._pages.action, needs_all_organizations=True)
        return [
            page(PEOPLE, Role.ADMIN, self.list_all, query=NoticedQuery),
            action(PEOPLE, Role.ADMIN, AddPersonForm, self.add),
            page(PERSON, Role.ADMIN, self.show, query=NoticedQuery, path_value=OPERATOR_NAME),
            *(
                action(f"{PERSON}/{verb}", Role.ADMIN, form, handler, path_value=OPERATOR_NAME)
                for verb, form, handler in (
                    ("change", ChangePersonForm, self.change),
                    ("rotate-key", RotateForm, self.rotate_key),
                    ("revoke", RevokeForm, self.revoke),
                )
            ),
        ]

    async def list_all(self, call: Call[Viewer, NoticedQuery]) -> Response:
        """`GET /console/people`: all operators, page by page."""
        query = call.input
        entries, names, now = await self._store.read(_people)
        page, cursor = page_of(PEOPLE, entries, lambda entry: entry.operator.name, query.place)
        return self._pages.render(
            call,
            "people.html",
            rows=[_row(entry, now) for entry in page],
            next=cursor,
            query=query,
            roles=_roles(call.caller.operator),
            organizations=names,
            choices_max=CHOICE_ROWS_MAX,
            add=same_action(
                ["operator", "add", "NAME", "--role", "ROLE", "--org", "ORG_ID"],
                "POST",
                "operators",
                body={"name": "NAME", "role": "ROLE", "organizations": ["ORG_ID"]},
            ),
        )

    async def add(self, call: Call[Viewer, AddPersonForm]) -> Response:
        """`POST /console/people`: add an operator. Shows its first key, this once."""
        form = call.input
        name, limits = form.name.strip(), _limits(form)
        issued = await self._changes.run(
            actor_of(call), add_operator, name, form.role, limits, _end_of(form.last_day)
        )
        return self._pages.render(
            call,
            "secrets.html",
            title=f"{name} was added",
            secrets=[("Operator key", issued.operator_key)],
            notes=[("The key ends at", issued.expires_at)] if issued.expires_at else [],
            back=self._pages.url(PEOPLE, name),
        )

    async def show(self, call: Call[Viewer, NoticedQuery]) -> Response:
        """`GET /console/people/{operatorName}`: an operator with its keys."""
        name = call.path_value
        entries, names, now = await self._store.read(lambda snapshot: _person(snapshot, name))
        operator = entries.operator
        return self._pages.render(
            call,
            "person.html",
            operator=operator,
            keys=key_rows(entries.keys, now),
            query=call.input,
            is_self=name == call.caller.operator.name,
            roles=_roles(call.caller.operator),
            organizations=names,
            choices_max=CHOICE_ROWS_MAX,
            same_actions=_person_actions(operator),
        )

    async def change(self, call: Call[Viewer, ChangePersonForm]) -> Response:
        """`POST .../change`: give it another role and other organizations. Its keys stay valid."""
        name, form = call.path_value, call.input
        limits = _limits(form)
        operator = await self._changes.run(actor_of(call), change_operator, name, form.role, limits)
        is_manager = operator.role is Role.ADMIN and operator.organizations is None
        if name == call.caller.operator.name and not is_manager:
            return self._pages.redirect(CONSOLE)
        return self._pages.redirect(PEOPLE, name, done="changed")

    async def rotate_key(self, call: Call[Viewer, RotateForm]) -> Response:
        """`POST .../rotate-key`: give it a new key, shown this once."""
        name, form = call.path_value, call.input
        issued = await self._changes.run(
            actor_of(call), rotate_operator_key, name, form.overlap, _end_of(form.last_day)
        )
        ends = [
            ("The key ends at", issued.expires_at),
            ("All older keys have ended by", issued.old_keys_end),
        ]
        return self._pages.render(
            call,
            "secrets.html",
            title=f"{name} has a new key",
            secrets=[("Operator key", issued.operator_key)],
            notes=[note for note in ends if note[1] is not None],
            back=self._pages.url(PEOPLE, name),
        )

    async def revoke(self, call: Call[Viewer, RevokeForm]) -> Response:
        """`POST .../revoke`: remove it. Its keys end at once, and so do its sessions."""
        name = call.path_value
        require_typed(call.input.confirmed, name)
        await self._changes.run(actor_of(call), revoke_operator, name)
        if name == call.caller.operator.name:
            return self._pages.redirect(SIGN_IN)
        return self._pages.redirect(PEOPLE, done="revoked")


def _person_actions(operator: Operator) -> dict[str, SameAction]:
    """The actions of an operator's page as commands and calls."""
    name, role = operator.name, operator.role.value
    change = {"role": role, "organizations": ["ORG_ID"]}
    rotate = ["operator", "rotate-key", name, "--overlap", str(DAY_SECONDS)]
    body = {"overlapSeconds": DAY_SECONDS}
    return {
        "change": same_action(
            ["operator", "change", name, "--role", role, "--org", "ORG_ID"],
            "PATCH",
            "operators",
            name,
            body=change,
        ),
        "rotate": same_action(rotate, "POST", "operators", name, "rotate-key", body=body),
        "revoke": same_action(["operator", "revoke", name], "DELETE", "operators", name),
    }


def _row(entry: OperatorEntry, now: datetime) -> PersonRow:
    valid = [key for key in entry.keys if key.expires_at is None or key.expires_at > now]
    ends = [key.expires_at for key in valid if key.expires_at is not None]
    uses = [key.last_used_at for key in entry.keys if key.last_used_at is not None]
    return PersonRow(entry.operator, len(valid), min(ends, default=None), max(uses, default=None))


def _roles(operator: Operator) -> Sequence[Role]:
    """The roles that an operator may give."""
    return [role for role in Role if operator.role.includes(role)]


def _limits(form: AddPersonForm | ChangePersonForm) -> Sequence[str]:
    """The organizations to which somebody is limited; empty = all. Raises `InvalidRequest`."""
    limits = identifiers(form.organization_ids)
    if form.scope == "all":
        return ()
    if not limits:
        raise InvalidRequest("Choose at least one organization, or all of them.")
    return limits


def _end_of(day: date | None) -> datetime | None:
    """The end of a day in UTC."""
    return None if day is None else datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)


async def _people(
    snapshot: Snapshot,
) -> tuple[Sequence[OperatorEntry], dict[str, str], datetime]:
    operators = await snapshot.access.operators()
    return operators, dict(await snapshot.access.organizations()), await snapshot.now()


async def _person(snapshot: Snapshot, name: str) -> tuple[OperatorEntry, dict[str, str], datetime]:
    entry = await require_operator(snapshot.access, name)
    return entry, dict(await snapshot.access.organizations()), await snapshot.now()
