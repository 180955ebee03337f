"""Record verifications of the journal, and show when it was last verified.

See decision 182.
"""

from collections.abc import Sequence

from seatlatch.commit import Change, Committer
from seatlatch.domain.verification import NewVerification, Verification
from seatlatch.store.interface import Snapshot, Transaction

DUE_AFTER_SECONDS = 86_400
"""A journal that was not verified for this long needs attention."""


async def last_verification(snapshot: Snapshot) -> Verification | None:
    """The latest finished verification of the journal; None = there was none."""
    for verification in await snapshot.verifications.latest(1):
        return verification
    return None


async def record_verification(committer: Committer, verification: NewVerification) -> None:
    """Record a verification that was just finished. Raises `Unavailable`."""
    await committer.submit(RecordVerification(verification))


class RecordVerification(Change[None]):
    """A verification to record."""

    __slots__ = ("verification",)

    def __init__(self, verification: NewVerification) -> None:
        self.verification = verification

    @staticmethod
    async def apply(
        transaction: Transaction, changes: Sequence["RecordVerification"]
    ) -> list[None]:
        """Record the verifications one after the other."""
        for change in changes:
            await transaction.verifications.record(change.verification)
        return [None] * len(changes)
