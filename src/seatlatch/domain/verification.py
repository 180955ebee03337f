"""Verifications of the journal: who has compared all of it with its hashes, and the result.

See decision 182.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

TAMPERED_ROWS_MAX = 100
"""The most damaged rows of one verification that are kept."""


class Tampered(NamedTuple):
    """The first row of a chain that was tampered with. `what` is a sentence."""

    chain: int
    number: int
    what: str


class NewVerification(NamedTuple):
    """A verification that was just finished.

    `started_at`: aware UTC. `entries`: the number of intact rows. `damaged_chains`: the number of
    chains that were tampered with; `tampered` has the first `TAMPERED_ROWS_MAX` of them.
    `anchored_at`: the timestamp of the anchor with which it was compared; None = with none.
    """

    started_at: datetime
    actor: str
    entries: int
    damaged_chains: int = 0
    tampered: Sequence[Tampered] = ()
    anchored_at: datetime | None = None


class Verification(NamedTuple):
    """A finished verification, with timestamps in aware UTC; otherwise as `NewVerification`."""

    started_at: datetime
    finished_at: datetime
    actor: str
    entries: int
    damaged_chains: int
    tampered: Sequence[Tampered] = ()
    anchored_at: datetime | None = None

    @property
    def is_intact(self) -> bool:
        """Whether nothing was found."""
        return self.damaged_chains == 0
