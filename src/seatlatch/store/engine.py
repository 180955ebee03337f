"""What an engine offers: all the ways into one database, for those who construct."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Protocol

from seatlatch.store.importing import Importing
from seatlatch.store.interface import DatabaseUse, Result, Snapshot, Store
from seatlatch.store.provisioning import Provisioning


class Engine(Protocol):
    """One database, which need not be there yet. Everything may raise `DatabaseProblem`."""

    @property
    def name(self) -> str:
        """The database's URL as it may be told: without a password."""

    @property
    def workers_refused(self) -> str | None:
        """Why several processes can't serve it, as a sentence; None = they can."""

    def make_or_migrate(self, database_use: DatabaseUse) -> list[str]:
        """Make what is not there and bring the schema up to date; the migrations applied.

        Safe when run by several processes at once.
        """

    def due_migrations(self) -> list[str]:
        """The migrations that are not applied yet; nothing is changed."""

    def open_store(self, database_use: DatabaseUse) -> Store:
        """The database as a running server needs it, after a look at whether it can be used."""

    def provisioning(
        self, database_use: DatabaseUse, *, to_write: bool
    ) -> AbstractContextManager[Provisioning]:
        """One transaction of provisioning, kept whole at the end or not at all.

        Who does not want `to_write` waits for nobody who does. Trouble that comes in its midst
        is `Unavailable`.
        """

    def importing(self, organization_id: str) -> AbstractContextManager[Importing]:
        """An import into an organization."""

    async def look(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """What `work` answers on one snapshot, which waits for nobody who writes."""

    def held_alone(self) -> AbstractContextManager[None]:
        """Keep another sandbox from making this one's data fresh under its feet."""
