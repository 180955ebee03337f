"""The interface to the console's sessions and links in a database. Secrets appear as hashes."""

from datetime import datetime
from typing import Protocol

from seatlatch.domain.console_session import NewSession, PartnerLink, Session


class SessionReader(Protocol):
    """Reads sessions and links. Part of a snapshot."""

    async def find(self, session_hash: bytes) -> Session | None:
        """A session that has not ended, and whose key has not."""

    async def find_link(self, link_hash: bytes) -> PartnerLink | None:
        """A link that can still be opened."""


class SessionWriter(SessionReader, Protocol):
    """Changes sessions and links. Part of a transaction."""

    async def add(self, session_hash: bytes, session: NewSession, expires_at: datetime) -> None:
        """Add a session. Raises nothing if its operator, key or channel exists."""

    async def remove(self, session_hash: bytes) -> None:
        """End a session, if there is one."""

    async def remove_expired(self) -> None:
        """Remove the sessions and links that have ended."""

    async def add_link(self, link_hash: bytes, link: PartnerLink) -> None:
        """Add a link."""

    async def remove_links_of(self, created_by: str) -> None:
        """Remove the links that an operator has made."""

    async def take_link(self, link_hash: bytes) -> PartnerLink | None:
        """Remove a link and return it, if it can still be opened. Of several concurrent
        transactions only one gets it.
        """

    async def remove_partners(self, channel_code: str) -> int:
        """Remove the links and the partners' sessions of a channel; returns how many."""
