"""The one place that constructs: from settings to a service with all its parts."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TypeVar

from starlette.types import ASGIApp

from seatlatch.api.app import make_app
from seatlatch.api.gate import Gate, Limits
from seatlatch.api.probes import Probes
from seatlatch.api.tickets import Tickets
from seatlatch.api.token import Token
from seatlatch.auth.directory import Directory
from seatlatch.auth.rate_limit import Rate, RateLimit
from seatlatch.commit import CommitEach, Commits, GroupCommit
from seatlatch.operations.exchange_tokens import Lifetimes
from seatlatch.operator.gate import OperatorGate
from seatlatch.operator.tickets import OperatorTickets
from seatlatch.settings import Settings
from seatlatch.store.importing import Importing
from seatlatch.store.interface import DatabaseUse, Provisioning, Snapshot, Store
from seatlatch.store.sqlite.errors import while_running
from seatlatch.store.sqlite.importing import importing
from seatlatch.store.sqlite.opening import make_or_migrate
from seatlatch.store.sqlite.provisioning import provisioning
from seatlatch.store.sqlite.snapshot import reading
from seatlatch.store.sqlite.store import SqliteStore
from seatlatch.telemetry import Log, Metrics

Answer = TypeVar("Answer")

GROUP_TOKENS_MAX = 2_000
"""One transaction changes at most so many tickets, which bounds how long it takes."""

WAITING_REQUESTS_MAX = 1_000
"""Above this a request is told at once to come again, rather than to wait for long."""

SWITCH_SECONDS = 0.0005
"""How long a thread that waits for the interpreter lets another run on. The default, 5 ms, is
what a finished commit would wait for while the event loop is busy."""


COLLECT_AFTER_ALLOCATIONS = 50_000
"""The garbage collector looks for cycles after so many allocations. The default of 700 is less than
one large group makes, and nearly all of that dies by reference count without it."""


def sqlite_path(database_url: str) -> Path:
    """The file that a database URL names, as `settings` has found it to be one."""
    return Path(database_url.removeprefix("sqlite:///"))


@contextmanager
def open_provisioning(
    database_url: str, database_use: DatabaseUse = "inventory", *, to_write: bool = True
) -> Iterator[Provisioning]:
    """One transaction of provisioning, kept whole at the end or not at all.

    Who does not want `to_write` waits for nobody who does. Raises `DatabaseProblem`, and
    `Unavailable` for trouble that comes in its midst.
    """
    path = sqlite_path(database_url)
    with while_running(), provisioning(path, database_use, to_write=to_write) as opened:
        yield opened


def change(database_url: str, ask: Callable[[Commits], Awaitable[Answer]]) -> Answer:
    """What `ask` answers when it submits its changes to a database, one by one.

    For a command that changes tickets beside a server that may run. Raises `DatabaseProblem`, and
    `Unavailable` if the database did not confirm.
    """
    store = SqliteStore(sqlite_path(database_url))
    try:
        return asyncio.run(_ask(ask, CommitEach(store)))
    finally:
        store.close()


async def _ask(ask: Callable[[Commits], Awaitable[Answer]], commits: Commits) -> Answer:
    return await ask(commits)


def look(database_url: str, work: Callable[[Snapshot], Answer]) -> Answer:
    """What `work` answers on one snapshot of a database, which waits for nobody who writes.

    Raises `DatabaseProblem`.
    """
    with reading(sqlite_path(database_url)) as snapshot:
        return work(snapshot)


def open_import(database_url: str, organization_id: str) -> AbstractContextManager[Importing]:
    """An import into an organization. Raises `DatabaseProblem`."""
    return importing(sqlite_path(database_url), organization_id)


def make_database(database_url: str, database_use: DatabaseUse = "inventory") -> list[str]:
    """Make the database if there is none and bring it to the latest schema.

    Returns the names of the migrations that were applied. Raises `DatabaseProblem`.
    """
    applied = make_or_migrate(sqlite_path(database_url), database_use)
    return [f"{migration.number:04}_{migration.name}" for migration in applied]


@contextmanager
def service(
    settings: Settings, log: Log, metrics: Metrics, database_use: DatabaseUse = "inventory"
) -> Iterator[ASGIApp]:
    """The application on an open database, which is closed at the end.

    Raises `DatabaseProblem` if the database can't be used, or not for this.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_ALLOCATIONS)
    store = SqliteStore(sqlite_path(settings.database_url), database_use)
    try:
        yield compose(settings, store, log, metrics)
    finally:
        store.close()


def compose(settings: Settings, store: Store, log: Log, metrics: Metrics) -> ASGIApp:
    """The application on a given store."""
    rate = Rate(*settings.rate_limit) if settings.rate_limit else None
    limits = Limits(RateLimit("changes", rate, monotonic), RateLimit("reads", rate, monotonic))
    directory = Directory(store, monotonic)
    gate = Gate(directory, limits, lambda: datetime.now(UTC))
    commits = GroupCommit(
        store,
        metrics,
        group_tokens_max=GROUP_TOKENS_MAX,
        waiting_requests_max=WAITING_REQUESTS_MAX,
    )
    metrics.watch_waiting_requests(lambda: commits.waiting_requests)
    lifetimes = Lifetimes(settings.access_token_seconds, settings.refresh_token_seconds)
    tickets = Tickets(gate, commits, store, metrics, log)
    token = Token(gate, store, commits, lifetimes)
    probes = Probes(store, metrics)
    operator = OperatorTickets(OperatorGate(directory), commits, store, metrics, log)
    routes = [*tickets.routes(), *token.routes(), *probes.routes(), *operator.routes()]
    return make_app(routes, commits, metrics, log)
