"""The interface to the finished verifications of the journal."""

from collections.abc import Sequence
from typing import Protocol

from seatlatch.domain.verification import NewVerification, Verification


class VerificationReader(Protocol):
    """Reads verifications. Part of a snapshot."""

    async def latest(self, limit: int) -> Sequence[Verification]:
        """At most `limit` verifications, the newest first."""


class VerificationWriter(VerificationReader, Protocol):
    """Writes verifications. Part of a transaction."""

    async def record(self, verification: NewVerification) -> None:
        """Add a verification that is finished at the timestamp of the transaction."""
