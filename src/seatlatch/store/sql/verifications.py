"""Reading and writing the finished verifications of the journal."""

from collections.abc import Sequence

import msgspec

from seatlatch.domain.verification import NewVerification, Tampered, Verification
from seatlatch.store.sql.executor import Executor, Row, optional_timestamp, timestamp

LATEST = """
SELECT started_at, finished_at, actor, entries, damaged_chains, tampered, anchored_at
FROM seatlatch.journal_verifications ORDER BY finished_at DESC, verification_id DESC LIMIT :limit
"""
RECORD = """
INSERT INTO seatlatch.journal_verifications
    (started_at, finished_at, actor, entries, damaged_chains, tampered, anchored_at)
VALUES (:started_at, now(), :actor, :entries, :damaged_chains, :tampered, :anchored_at)
"""


class SqlVerificationReader:
    """See `store.verifications.VerificationReader`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def latest(self, limit: int) -> Sequence[Verification]:
        """The latest verifications."""
        return [_verification(row) for row in await self._executor.fetch(LATEST, limit=limit)]


class SqlVerifications(SqlVerificationReader):
    """See `store.verifications.VerificationWriter`."""

    async def record(self, verification: NewVerification) -> None:
        """Add a verification."""
        tampered = msgspec.json.encode(verification.tampered).decode()
        await self._executor.execute(RECORD, **{**verification._asdict(), "tampered": tampered})


def _verification(row: Row) -> Verification:
    started_at, finished_at, actor, entries, damaged_chains, tampered, anchored_at = row
    return Verification(
        timestamp(started_at),
        timestamp(finished_at),
        actor,
        entries,
        damaged_chains,
        msgspec.json.decode(tampered, type=list[Tampered]),
        optional_timestamp(anchored_at),
    )
