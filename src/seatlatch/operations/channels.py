"""Channels: the partners that see tickets, and their grants."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from seatlatch.commit import Committer
from seatlatch.domain.audit import Action, Actor
from seatlatch.domain.label import first_of, shortened
from seatlatch.domain.refusal import (
    Conflict,
    InvalidRequest,
    NotFound,
    require_identifier,
    require_name,
)
from seatlatch.operations.administration import Administration
from seatlatch.operations.change_access import change_access
from seatlatch.operations.organizations import require_organizations
from seatlatch.store.access import AccessReader, ChannelEntry
from seatlatch.store.interface import Snapshot, Store

PORTION_TICKETS = 5_000
"""How many tickets are read at once: that takes a few milliseconds."""


class Grants(NamedTuple):
    """The result of granting or ungranting organizations: which grants changed, and which were
    already in the requested state.
    """

    changed: tuple[str, ...]
    already: tuple[str, ...]


async def add_channel(
    administration: Administration, code: str, name: str, organizations: Iterable[str]
) -> ChannelEntry:
    """Add a channel with its grants. Raises `NotDone` and `InvalidRequest`."""
    access = administration.access
    require_identifier("channel code", code)
    require_name(name)
    granted = sorted(set(organizations))
    if not granted:
        raise InvalidRequest("A channel needs at least one organization whose tickets it sees.")
    await require_organizations(access, granted)
    if any(channel.code == code for channel in await access.channels()):
        raise Conflict(
            f"The channel {code} is there already.",
            "See them all with `seatlatch channel list`, add to its organizations with"
            " `seatlatch channel grant`.",
        )
    await access.add_channel(code, name, granted)
    await administration.record(Action.CHANNEL_ADD, code, name=name, organizations=granted)
    return ChannelEntry(code, name, tuple(granted))


async def remove_channel(store: Store, committer: Committer, actor: Actor, code: str) -> None:
    """Remove a channel. Raises `NotFound`, `Unavailable`, and `Conflict` while applications,
    webhooks or tickets depend on it.

    Reads every ticket, before the transaction and in portions.
    """
    await store.read(lambda snapshot: _require_unused(snapshot, code))
    await _require_no_tickets(store, code)

    async def work(administration: Administration) -> None:
        await _require_unused(administration.transaction, code)
        await administration.access.remove_channel(code)
        await administration.record(Action.CHANNEL_REMOVE, code)

    await change_access(committer, actor, work)


async def grant(administration: Administration, code: str, organizations: Iterable[str]) -> Grants:
    """Let a channel see the tickets of organizations. Raises `NotFound`."""
    asked = tuple(dict.fromkeys(organizations))
    granted = await _granted(administration.access, code, asked)
    changed = tuple(one for one in asked if one not in granted)
    for organization_id in changed:
        await administration.access.add_grant(code, organization_id)
    if changed:
        await administration.record(Action.CHANNEL_GRANT, code, organizations=changed)
    return Grants(changed, tuple(one for one in asked if one in granted))


async def ungrant(
    administration: Administration, code: str, organizations: Iterable[str]
) -> Grants:
    """Hide the tickets of organizations from a channel. Raises `NotFound`."""
    asked = tuple(dict.fromkeys(organizations))
    granted = await _granted(administration.access, code, asked)
    changed = tuple(one for one in asked if one in granted)
    for organization_id in changed:
        await administration.access.remove_grant(code, organization_id)
    if changed:
        await administration.record(Action.CHANNEL_UNGRANT, code, organizations=changed)
    return Grants(changed, tuple(one for one in asked if one not in granted))


async def require_channel(access: AccessReader, code: str) -> ChannelEntry:
    """The channel of this code. Raises `NotFound`, or `InvalidRequest` for what can be no code."""
    for channel in await access.channels():
        if channel.code == code:
            return channel
    require_identifier("channel code", code)
    raise NotFound(f"There is no channel {code}.", "Add it with `seatlatch channel add`.")


async def _granted(access: AccessReader, code: str, asked: Iterable[str]) -> tuple[str, ...]:
    """The organizations of the channel. Raises `NotFound` unless it and all `asked` exist."""
    channel = await require_channel(access, code)
    await require_organizations(access, asked)
    return channel.organizations


async def _require_unused(snapshot: Snapshot, code: str) -> None:
    """Raise `NotFound`, or `Conflict` while the channel has applications or webhooks."""
    await require_channel(snapshot.access, code)
    applications = [
        application.application_id
        for application in await snapshot.access.applications()
        if application.channel_code == code
    ]
    if applications:
        raise Conflict(
            f"{first_of(applications)} acts for the channel {code}. Revoke that first.",
            "Use `seatlatch app revoke`.",
        )
    webhooks = [one for one in await snapshot.webhooks.read_all() if one.channel_code == code]
    if webhooks:
        count = "1 webhook" if len(webhooks) == 1 else f"{len(webhooks)} webhooks"
        raise Conflict(
            f"The channel {code} has {count}. Remove them first.",
            "Use `seatlatch webhook remove`.",
        )


async def _require_no_tickets(store: Store, code: str) -> None:
    """Raise `Conflict` if the channel has set mpreserve on a ticket."""
    after: str | None = ""
    while after is not None:
        portion = partial(_read_portion, code=code, after=after)
        reserved, after = await store.read(portion)
        if reserved is not None:
            raise Conflict(
                f"The channel {code} has mpreserve set on the ticket {shortened(reserved)} and"
                " maybe others. Unlock them first.",
                f"See them with `seatlatch tickets find --channel {code}`, and unlock them with"
                f" `seatlatch tickets unlock --channel {code} --reason TEXT`.",
            )
        await asyncio.sleep(0)  # SQLite reads in the event loop


async def _read_portion(snapshot: Snapshot, code: str, after: str) -> tuple[str | None, str | None]:
    return await snapshot.access.reserved_ticket(code, after, PORTION_TICKETS)
