"""The console's sessions and links."""

from datetime import datetime

from seatlatch.domain.console_session import NewSession, PartnerLink, Session
from seatlatch.store.sql.credentials import operator_of
from seatlatch.store.sql.executor import Executor, timestamp

FIND = """
SELECT o.operator_name, o.role, o.organizations, s.key_hash, s.channel_code, s.expires_at
FROM seatlatch.console_sessions AS s
LEFT JOIN seatlatch.operators AS o ON o.operator_name = s.operator_name
LEFT JOIN seatlatch.operator_keys AS k ON k.key_hash = s.key_hash
WHERE s.session_hash = :session_hash AND s.expires_at > now()
    AND (k.expires_at IS NULL OR k.expires_at > now())
"""
ADD = """
INSERT INTO seatlatch.console_sessions
    (session_hash, operator_name, key_hash, channel_code, created_at, expires_at)
VALUES (:session_hash, :operator_name, :key_hash, :channel_code, now(), :expires_at)
"""
REMOVE = "DELETE FROM seatlatch.console_sessions WHERE session_hash = :session_hash"
REMOVE_EXPIRED = (
    "DELETE FROM seatlatch.console_sessions WHERE expires_at <= now()",
    "DELETE FROM seatlatch.console_links WHERE expires_at <= now()",
)
FIND_LINK = """
SELECT channel_code, created_by, expires_at FROM seatlatch.console_links
WHERE link_hash = :link_hash AND expires_at > now()
"""
ADD_LINK = """
INSERT INTO seatlatch.console_links (link_hash, channel_code, created_by, expires_at)
VALUES (:link_hash, :channel_code, :created_by, :expires_at)
"""
REMOVE_LINKS_OF = "DELETE FROM seatlatch.console_links WHERE created_by = :created_by"
REMOVE_LINK = "DELETE FROM seatlatch.console_links WHERE link_hash = :link_hash"
REMOVE_PARTNERS = (
    "DELETE FROM seatlatch.console_sessions WHERE channel_code = :channel_code",
    "DELETE FROM seatlatch.console_links WHERE channel_code = :channel_code",
)


class SqlSessionReader:
    """See `store.sessions.SessionReader`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def find(self, session_hash: bytes) -> Session | None:
        """A session that has not ended."""
        rows = await self._executor.fetch(FIND, session_hash=session_hash)
        if not rows:
            return None
        ((name, role, organizations, key_hash, channel_code, expires_at),) = rows
        operator = operator_of(name, role, organizations) if name is not None else None
        return Session(operator, key_hash, channel_code, timestamp(expires_at))

    async def find_link(self, link_hash: bytes) -> PartnerLink | None:
        """A link that can still be opened."""
        rows = await self._executor.fetch(FIND_LINK, link_hash=link_hash)
        if not rows:
            return None
        ((channel_code, created_by, expires_at),) = rows
        return PartnerLink(channel_code, created_by, timestamp(expires_at))


class SqlSessions(SqlSessionReader):
    """See `store.sessions.SessionWriter`."""

    async def add(self, session_hash: bytes, session: NewSession, expires_at: datetime) -> None:
        """Add a session."""
        await self._executor.execute(
            ADD, session_hash=session_hash, **session._asdict(), expires_at=expires_at
        )

    async def remove(self, session_hash: bytes) -> None:
        """End a session."""
        await self._executor.execute(REMOVE, session_hash=session_hash)

    async def remove_expired(self) -> None:
        """Remove the sessions and links that have ended."""
        for statement in REMOVE_EXPIRED:
            await self._executor.execute(statement)

    async def add_link(self, link_hash: bytes, link: PartnerLink) -> None:
        """Add a link."""
        await self._executor.execute(ADD_LINK, link_hash=link_hash, **link._asdict())

    async def remove_links_of(self, created_by: str) -> None:
        """Remove the links that an operator has made."""
        await self._executor.execute(REMOVE_LINKS_OF, created_by=created_by)

    async def take_link(self, link_hash: bytes) -> PartnerLink | None:
        """Remove a link and return it."""
        link = await self.find_link(link_hash)
        removed = await self._executor.execute(REMOVE_LINK, link_hash=link_hash)
        return link if removed else None

    async def remove_partners(self, channel_code: str) -> int:
        """Remove the links and the partners' sessions of a channel."""
        return sum(
            [
                await self._executor.execute(statement, channel_code=channel_code)
                for statement in REMOVE_PARTNERS
            ]
        )
