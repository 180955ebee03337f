"""Links by which partners open the console's view of their channel. Each can be opened once.

A link's secret and a session's secret are returned once, and stored as hashes.

See decision 180.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret, new_secret
from seatlatch.domain.audit import Action
from seatlatch.domain.console_session import NewSession, PartnerLink
from seatlatch.domain.refusal import NotFound
from seatlatch.operations.administration import Administration
from seatlatch.operations.channels import require_channel
from seatlatch.secrecy import hides
from seatlatch.store.interface import Store

LINK_SECONDS = 3_600
PARTNER_SESSION_SECONDS = 28_800
"""How long a link can be opened, and how long a partner's session then lasts at most."""


@hides("secret")
class NewLink(NamedTuple):
    """A link that was just made."""

    secret: str
    expires_at: datetime


async def make_link(administration: Administration, channel_code: str) -> NewLink:
    """Make a link for a partner of a channel. Raises `NotFound`."""
    sessions = administration.transaction.sessions
    channel = await require_channel(administration.access, channel_code)
    await sessions.remove_expired()
    secret = new_secret()
    expires_at = await administration.now() + timedelta(seconds=LINK_SECONDS)
    link = PartnerLink(channel.code, administration.actor.name, expires_at)
    await sessions.add_link(hash_secret(secret.encode()), link)
    await administration.record(Action.CHANNEL_LINK, channel.code, expiresAt=expires_at)
    return NewLink(secret, expires_at)


async def find_link(store: Store, secret: str) -> PartnerLink | None:
    """The link of a secret, if it can still be opened. Raises `Unavailable`."""
    link_hash = hash_secret(secret.encode())
    return await store.read(lambda snapshot: snapshot.sessions.find_link(link_hash))


async def open_link(administration: Administration, link_secret: str) -> str:
    """Use up a link, begin a session of its channel and return its secret.

    Raises `NotFound` if the link was opened already or has expired.
    """
    sessions = administration.transaction.sessions
    link = await sessions.take_link(hash_secret(link_secret.encode()))
    if link is None:
        raise unknown_link()
    secret = new_secret()
    expires_at = await administration.now() + timedelta(seconds=PARTNER_SESSION_SECONDS)
    session = NewSession(channel_code=link.channel_code)
    await sessions.add(hash_secret(secret.encode()), session, expires_at)
    await administration.record(
        Action.CHANNEL_OPEN_LINK,
        link.channel_code,
        createdBy=link.created_by,
        endsAt=expires_at,
    )
    return secret


async def end_links(administration: Administration, channel_code: str) -> int:
    """End the links and the partners' sessions of a channel; returns how many.

    Raises `NotFound`.
    """
    channel = await require_channel(administration.access, channel_code)
    ended = await administration.transaction.sessions.remove_partners(channel.code)
    if ended:
        await administration.record(Action.CHANNEL_END_LINKS, channel.code, ended=ended)
    return ended


def partner_name(channel_code: str) -> str:
    """The name of a partner in the audit. The name of an operator has no spaces."""
    return f"partner of {channel_code}"


def unknown_link() -> NotFound:
    """The refusal of a link that cannot be opened."""
    return NotFound("This link has already been opened, or has expired. Ask for another one.")
