"""Channels: the partners that see tickets, and their grants."""

from collections.abc import Iterable
from typing import NamedTuple

from seatlatch.domain.label import first_of
from seatlatch.domain.refusal import InvalidRequest, NotDone, require_identifier, require_name
from seatlatch.operations.organizations import require_organizations
from seatlatch.store.access import AccessReader, ChannelEntry
from seatlatch.store.interface import Transaction


class Grants(NamedTuple):
    """The result of granting or ungranting organizations: which grants changed, and which were
    already in the requested state.
    """

    changed: tuple[str, ...]
    already: tuple[str, ...]


async def add_channel(
    transaction: Transaction, code: str, name: str, organizations: Iterable[str]
) -> ChannelEntry:
    """Add a channel with its grants. Raises `NotDone` and `InvalidRequest`."""
    require_identifier("channel code", code)
    require_name(name)
    granted = sorted(set(organizations))
    if not granted:
        raise InvalidRequest("A channel needs at least one organization whose tickets it sees.")
    await require_organizations(transaction.access, granted)
    if any(channel.code == code for channel in await transaction.access.channels()):
        raise NotDone(
            f"The channel {code} is there already."
            " See them all with `seatlatch channel list`, add to its organizations with"
            " `seatlatch channel grant`."
        )
    await transaction.access.add_channel(code, name, granted)
    return ChannelEntry(code, name, tuple(granted))


async def remove_channel(transaction: Transaction, code: str) -> None:
    """Remove a channel. Raises `NotDone` while applications, tickets or webhooks depend on it."""
    await require_channel(transaction.access, code)
    await _require_unused(transaction, code)
    await transaction.access.remove_channel(code)


async def grant(transaction: Transaction, code: str, organizations: Iterable[str]) -> Grants:
    """Let a channel see the tickets of organizations. Raises `NotDone`."""
    asked = tuple(dict.fromkeys(organizations))
    granted = await _granted(transaction.access, code, asked)
    changed = tuple(one for one in asked if one not in granted)
    for organization_id in changed:
        await transaction.access.add_grant(code, organization_id)
    return Grants(changed, tuple(one for one in asked if one in granted))


async def ungrant(transaction: Transaction, code: str, organizations: Iterable[str]) -> Grants:
    """Hide the tickets of organizations from a channel. Raises `NotDone`."""
    asked = tuple(dict.fromkeys(organizations))
    granted = await _granted(transaction.access, code, asked)
    changed = tuple(one for one in asked if one in granted)
    for organization_id in changed:
        await transaction.access.remove_grant(code, organization_id)
    return Grants(changed, tuple(one for one in asked if one not in granted))


async def require_channel(access: AccessReader, code: str) -> ChannelEntry:
    """The channel of this code. Raises `NotDone`, or `InvalidRequest` for what can be no code."""
    for channel in await access.channels():
        if channel.code == code:
            return channel
    require_identifier("channel code", code)
    raise NotDone(f"There is no channel {code}. Add it with `seatlatch channel add`.")


async def _granted(access: AccessReader, code: str, asked: Iterable[str]) -> tuple[str, ...]:
    """The organizations of the channel. Raises `NotDone` unless it and all `asked` exist."""
    channel = await require_channel(access, code)
    await require_organizations(access, asked)
    return channel.organizations


async def _require_unused(transaction: Transaction, code: str) -> None:
    applications = [
        application.application_id
        for application in await transaction.access.applications()
        if application.channel_code == code
    ]
    if applications:
        raise NotDone(
            f"{first_of(applications)} speaks for the channel {code}."
            " Revoke that first with `seatlatch app revoke`."
        )
    if tickets := await transaction.access.reserved_tickets(code):
        count = "1 ticket" if tickets == 1 else f"{tickets:,} tickets"
        raise NotDone(
            f"The channel {code} has mpreserve set on {count}."
            " Unlock them first with `seatlatch tickets unlock`."
        )
    webhooks = [one for one in await transaction.webhooks.read_all() if one.channel_code == code]
    if webhooks:
        count = "1 webhook" if len(webhooks) == 1 else f"{len(webhooks)} webhooks"
        raise NotDone(
            f"The channel {code} has {count}. Remove them first with `seatlatch webhook remove`."
        )
