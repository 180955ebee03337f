"""The interface between the service and a database, in domain terms: store and transactions.

See decision 140.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, TypeVar

from seatlatch.domain.application import Credentials
from seatlatch.store.access import AccessReader, AccessWriter
from seatlatch.store.audit import AuditReader, AuditWriter
from seatlatch.store.events import EventReader, EventWriter
from seatlatch.store.journal import JournalReader, JournalWriter
from seatlatch.store.sessions import SessionReader, SessionWriter
from seatlatch.store.tickets import TicketReader, TicketWriter
from seatlatch.store.tokens import TokenReader, TokenWriter
from seatlatch.store.verifications import VerificationReader, VerificationWriter
from seatlatch.store.webhooks import WebhookReader, WebhookWriter

Result = TypeVar("Result")

DatabaseUse = Literal["inventory", "sandbox"]
"""The use of a database. The two are never mixed: a sandbox's credentials are public."""


class DatabaseProblem(Exception):
    """The database can't be used. The message is one sentence that says what to do."""


class DatabaseUrlMalformed(DatabaseProblem):
    """The database's URL cannot be parsed: retrying does not help."""


class LostRace(Exception):
    """A ticket was left unchanged, and then read in a state in which the write would change it.

    Another transaction changed it between the two. An engine on which that can happen runs the
    work again.
    """


class TicketsBusy(Exception):
    """Another transaction has locked a ticket for too long. Only these tickets are affected, not
    the database.
    """


class Surroundings(NamedTuple):
    """Things that a database depends on; None = this engine cannot know it.

    `free_bytes`, `size_bytes`: of the disk with its files. `waits_for_standby`: whether a standby
    has every change that was confirmed.
    """

    free_bytes: int | None = None
    size_bytes: int | None = None
    waits_for_standby: bool | None = None


class Snapshot(Protocol):
    """A read-only transaction: everything as it was at one time."""

    async def now(self) -> datetime:
        """The timestamp of the transaction, aware UTC, by the clock that all writers share."""

    @property
    def tickets(self) -> TicketReader:
        """Tickets."""

    @property
    def journal(self) -> JournalReader:
        """The journal."""

    @property
    def tokens(self) -> TokenReader:
        """Authorization codes and families of tokens."""

    @property
    def webhooks(self) -> WebhookReader:
        """Webhooks' endpoints and messages."""

    @property
    def events(self) -> EventReader:
        """Events: performances to which tickets admit."""

    @property
    def access(self) -> AccessReader:
        """Callers and what they may see."""

    @property
    def audit(self) -> AuditReader:
        """The audit."""

    @property
    def verifications(self) -> VerificationReader:
        """Finished verifications of the journal."""

    @property
    def sessions(self) -> SessionReader:
        """The console's sessions and links."""


class Transaction(Snapshot, Protocol):
    """A transaction that makes changes. No other transaction can change a code, family or endpoint
    that it has found, until it ends.
    """

    @property
    def tickets(self) -> TicketWriter:
        """Tickets."""

    @property
    def journal(self) -> JournalWriter:
        """The journal."""

    @property
    def tokens(self) -> TokenWriter:
        """Authorization codes and families of tokens."""

    @property
    def webhooks(self) -> WebhookWriter:
        """Webhooks' endpoints and messages."""

    @property
    def events(self) -> EventWriter:
        """Events: performances to which tickets admit."""

    @property
    def access(self) -> AccessWriter:
        """Callers and what they may see."""

    @property
    def audit(self) -> AuditWriter:
        """The audit."""

    @property
    def verifications(self) -> VerificationWriter:
        """Finished verifications of the journal."""

    @property
    def sessions(self) -> SessionWriter:
        """The console's sessions and links."""

    async def clear(self) -> None:
        """Remove all data; the database keeps its use."""

    async def test_write(self) -> None:
        """Test whether a change can be made durable, without a lasting change to the data."""


class Store(Protocol):
    """The database of a running server."""

    lanes: int
    """The number of transactions that it runs efficiently at the same time."""

    mixes_kinds: bool
    """Whether one transaction may hold changes of several kinds. Where several transactions run
    at once, each locks its tickets by one statement in order of their tokens, which prevents
    deadlocks.
    """

    @property
    def unfinished_commits(self) -> int:
        """Number of COMMITs that were given up and may still be waiting inside the database."""

    async def require_writable(self) -> None:
        """Raise `Unavailable` if the database can't be reached, is read-only or is a standby."""

    async def surroundings(self) -> Surroundings:
        """The present state of the things that the database depends on. Raises `Unavailable`."""

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction and make it durable; then return its result.

        May run `work` more than once, in a new transaction each time. Raises `TicketsBusy`, and
        `Unavailable` if the database can't be reached or did not confirm. An error that `work`
        raises rolls the transaction back and is raised again.
        """

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """The `tokens` whose tickets another transaction has locked. Raises `Unavailable`."""

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """Run `work` on one snapshot. Never waits for a writer. Raises `Unavailable`."""

    async def credentials_version(self) -> int:
        """See `AccessReader.read_version`. Raises `Unavailable`."""

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """The same with the database's time (aware UTC), both of one transaction."""

    async def read_credentials(self, known: Credentials | None = None) -> Credentials:
        """See `AccessReader.read_credentials`. Raises `Unavailable`."""

    async def close(self) -> None:
        """Close the database. Never interrupts a COMMIT: waits for it, or leaves it to the database
        server, which completes it on its own.
        """
