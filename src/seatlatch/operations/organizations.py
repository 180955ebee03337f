"""Organizations: box offices, whose tickets are in the inventory."""

from collections.abc import Iterable

from seatlatch.domain.label import first_of
from seatlatch.domain.refusal import NotDone, require_identifier, require_name
from seatlatch.store.access import AccessReader
from seatlatch.store.interface import Transaction


async def add_organization(transaction: Transaction, organization_id: str, name: str) -> None:
    """Add an organization. Raises `NotDone` and `InvalidRequest`."""
    require_identifier("organization id", organization_id)
    require_name(name)
    if organization_id in await transaction.access.organizations():
        raise NotDone(
            f"The organization {organization_id} is there already."
            " See them all with `seatlatch org list`."
        )
    await transaction.access.add_organization(organization_id, name)


async def remove_organization(transaction: Transaction, organization_id: str) -> None:
    """Remove an organization. Raises `NotDone` while it has tickets or grants."""
    access = transaction.access
    await require_organizations(access, [organization_id])
    granted = [
        channel.code
        for channel in await access.channels()
        if organization_id in channel.organizations
    ]
    if granted:
        raise NotDone(
            f"The organization {organization_id} is granted to {first_of(granted)}."
            " Take that away first with `seatlatch channel ungrant`."
        )
    if await access.has_tickets(organization_id):
        raise NotDone(
            f"The organization {organization_id} has tickets, which are kept, and it with"
            " them. No channel sees them unless it is granted with `seatlatch channel grant`."
        )
    await access.remove_organization(organization_id)


async def require_organizations(access: AccessReader, organization_ids: Iterable[str]) -> None:
    """Raise `NotDone`, or `InvalidRequest` for what can be no id, unless all of them exist.

    An organization that exists may have an id of another form, if other means added it.
    """
    known = await access.organizations()
    for organization_id in organization_ids:
        if organization_id not in known:
            require_identifier("organization id", organization_id)
            raise NotDone(
                f"There is no organization {organization_id}. Add it with `seatlatch org add`."
            )
