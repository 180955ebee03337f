"""An engine: everything that can be opened on one database, for the code that constructs."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from seatlatch.store.importing import Importing
from seatlatch.store.interface import DatabaseUse, Result, Snapshot, Store


class Engine(Protocol):
    """One database, which need not exist yet. Every method may raise `DatabaseProblem`."""

    @property
    def name(self) -> str:
        """The database's URL without a password, safe to show."""

    @property
    def workers_refused(self) -> str | None:
        """The reason why several processes can't serve it, as a sentence; None = they can."""

    def make_or_migrate(self, database_use: DatabaseUse) -> list[str]:
        """Create what is missing and bring the schema up to date; returns the migrations applied.

        Safe when run by several processes at once.
        """

    def due_migrations(self) -> list[str]:
        """The migrations that are not applied yet; nothing is changed."""

    def is_distributed(self) -> bool:
        """Whether the tickets are distributed over several machines. Raises `DatabaseProblem` if
        they cannot be.
        """

    def distribute(self) -> bool:
        """Distribute the tickets of a database that is up to date; returns whether they were not
        distributed before.
        """

    def open_store(self, database_use: DatabaseUse | None, *, is_patient: bool = False) -> Store:
        """Open the database for a running server, after a check that it can be used and was made
        for this use; None = whichever it was made for.

        `is_patient`: for a command, which can wait for locks and for slow statements longer than a
        request can, and whose user can remove the cause of trouble: its commits raise
        `DatabaseProblem` in place of `Unavailable`, unless their result is unknown.
        """

    def importing(self, organization_id: str) -> AbstractContextManager[Importing]:
        """An import into an organization."""

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """The result of `work` on one snapshot, which never waits for a writer. The database may
        have been made for either use.
        """

    def back_up(self, file: Path, copying: Callable[[int, int], None]) -> int:
        """Copy the database into the new file `file` while others use it; returns its size.

        Calls `copying` again and again with the number of bytes that were copied, and that of all.
        """

    def sandbox_lock(self) -> AbstractContextManager[None]:
        """Lock the database, so that no other sandbox replaces this one's data."""
