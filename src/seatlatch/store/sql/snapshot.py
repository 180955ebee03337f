"""The parts of a transaction that are the same on every engine.

A part has no state but its executor, so each use creates one: that is cheaper than caching it.
"""

from datetime import datetime

from seatlatch.store.sql.access import SqlAccessReader
from seatlatch.store.sql.access_changes import SqlAccess
from seatlatch.store.sql.audit import SqlAudit, SqlAuditReader
from seatlatch.store.sql.clearing import clear
from seatlatch.store.sql.events import SqlEventReader, SqlEvents
from seatlatch.store.sql.executor import Executor
from seatlatch.store.sql.sessions import SqlSessionReader, SqlSessions
from seatlatch.store.sql.tokens import SqlTokenReader, SqlTokens
from seatlatch.store.sql.verifications import SqlVerificationReader, SqlVerifications
from seatlatch.store.sql.webhook_changes import SqlWebhooks
from seatlatch.store.sql.webhooks import SqlWebhookReader


class SqlSnapshot:
    """The shared part of a `store.interface.Snapshot`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def now(self) -> datetime:
        """The timestamp of the transaction."""
        return await self._executor.now()

    @property
    def access(self) -> SqlAccessReader:
        """Callers and what they may see."""
        return SqlAccessReader(self._executor)

    @property
    def tokens(self) -> SqlTokenReader:
        """Codes and families of tokens."""
        return SqlTokenReader(self._executor)

    @property
    def webhooks(self) -> SqlWebhookReader:
        """Endpoints and their messages."""
        return SqlWebhookReader(self._executor)

    @property
    def events(self) -> SqlEventReader:
        """Events: performances to which tickets admit."""
        return SqlEventReader(self._executor)

    @property
    def audit(self) -> SqlAuditReader:
        """The audit."""
        return SqlAuditReader(self._executor)

    @property
    def verifications(self) -> SqlVerificationReader:
        """Finished verifications of the journal."""
        return SqlVerificationReader(self._executor)

    @property
    def sessions(self) -> SqlSessionReader:
        """The console's sessions and links."""
        return SqlSessionReader(self._executor)


class SqlTransaction(SqlSnapshot):
    """The shared part of a `store.interface.Transaction`."""

    @property
    def tokens(self) -> SqlTokens:
        """Codes and families of tokens."""
        return SqlTokens(self._executor)

    @property
    def webhooks(self) -> SqlWebhooks:
        """Endpoints and their messages."""
        return SqlWebhooks(self._executor)

    @property
    def events(self) -> SqlEvents:
        """Events: performances to which tickets admit."""
        return SqlEvents(self._executor)

    @property
    def access(self) -> SqlAccess:
        """Callers and what they may see."""
        return SqlAccess(self._executor)

    @property
    def audit(self) -> SqlAudit:
        """The audit."""
        return SqlAudit(self._executor)

    @property
    def verifications(self) -> SqlVerifications:
        """Finished verifications of the journal."""
        return SqlVerifications(self._executor)

    @property
    def sessions(self) -> SqlSessions:
        """The console's sessions and links."""
        return SqlSessions(self._executor)

    async def clear(self) -> None:
        """Remove all data; the database keeps its use."""
        await clear(self._executor)
