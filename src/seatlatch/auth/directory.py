"""All callers, in memory, never older than a moment.

So a request makes no query for its credentials, and a revocation works at once: before the
directory answers from a copy that is older than `MAX_AGE_SECONDS` it asks the database whether
anything changed.
"""

from collections.abc import Callable
from math import inf

from seatlatch.domain.application import Credentials
from seatlatch.store.interface import Store

MAX_AGE_SECONDS = 0.5
"""A revocation must work within 1 second; half of that leaves room for the rest."""


class Directory:
    """The callers as they stand. `monotonic` is a clock in seconds that never goes back."""

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._monotonic = monotonic
        self._credentials = store.read_credentials()
        self._confirmed_at = monotonic()

    def credentials(self) -> Credentials:
        """All callers. Raises `Unavailable` if the database can't confirm them."""
        now = self._monotonic()
        if now - self._confirmed_at > MAX_AGE_SECONDS:
            if self._store.credentials_version() != self._credentials.version:
                self._credentials = self._store.read_credentials()
            self._confirmed_at = now
        return self._credentials

    def doubt(self) -> None:
        """Have the copy confirmed before it is used again: something has just been changed."""
        self._confirmed_at = -inf

    def confirm(self) -> bool:
        """Ask the database at once; True if anything has changed. Raises `Unavailable`.

        For a caller whom the copy does not know: it may be half a second old.
        """
        version = self._credentials.version
        self.doubt()
        return self.credentials().version != version
