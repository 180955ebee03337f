"""Organizations: box offices, whose tickets are in the inventory."""

from collections.abc import Iterable

from seatlatch.domain.audit import Action
from seatlatch.domain.label import first_of
from seatlatch.domain.refusal import Conflict, NotFound, require_identifier, require_name
from seatlatch.operations.administration import Administration
from seatlatch.store.access import AccessReader


async def add_organization(administration: Administration, organization_id: str, name: str) -> None:
    """Add an organization. Raises `Conflict` and `InvalidRequest`."""
    require_identifier("organization id", organization_id)
    require_name(name)
    if organization_id in await administration.access.organizations():
        raise Conflict(
            f"The organization {organization_id} is there already.",
            "See them all with `seatlatch org list`.",
        )
    await administration.access.add_organization(organization_id, name)
    await administration.record(Action.ORGANIZATION_ADD, organization_id, name=name)


async def remove_organization(administration: Administration, organization_id: str) -> None:
    """Remove an organization. Raises `Conflict` while it has tickets or grants, and `NotFound`."""
    access = administration.access
    await require_organizations(access, [organization_id])
    granted = [
        channel.code
        for channel in await access.channels()
        if organization_id in channel.organizations
    ]
    if granted:
        raise Conflict(
            f"The organization {organization_id} is granted to {first_of(granted)}."
            " Remove that grant first.",
            "Use `seatlatch channel ungrant`.",
        )
    limited = [
        operator.name
        for operator, _ in await access.operators()
        if operator.organizations and organization_id in operator.organizations
    ]
    if limited:
        raise Conflict(
            f"The organization {organization_id} is one of those to which {first_of(limited)} is"
            " limited. Change or revoke that operator first.",
            "Use `seatlatch operator change` or `seatlatch operator revoke`.",
        )
    if await access.has_tickets(organization_id):
        raise Conflict(
            f"The organization {organization_id} has tickets, which are kept, and it with"
            " them. No channel sees them without a grant.",
            "Remove grants with `seatlatch channel ungrant`.",
        )
    await access.remove_organization(organization_id)
    await administration.record(Action.ORGANIZATION_REMOVE, organization_id)


async def require_organizations(access: AccessReader, organization_ids: Iterable[str]) -> None:
    """Raise `NotFound`, or `InvalidRequest` for what can be no id, unless all of them exist.

    An organization that exists may have an id of another form, if other means added it.
    """
    known = await access.organizations()
    for organization_id in organization_ids:
        if organization_id not in known:
            require_identifier("organization id", organization_id)
            raise NotFound(
                f"There is no organization {organization_id}.", "Add it with `seatlatch org add`."
            )
