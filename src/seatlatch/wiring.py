"""The entries of commands and servers: engines, stores, and the application on a database.

See decision 30.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from seatlatch.assembly import NO_OVERRIDES, Overrides, build_app
from seatlatch.http.server import Application
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.opening import Opening
from seatlatch.settings import Pooler, Settings
from seatlatch.store.engine import Engine
from seatlatch.store.interface import DatabaseUse, Snapshot, Store
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.engine import PostgresEngine
from seatlatch.store.sqlite.engine import SqliteEngine
from seatlatch.webhooks.http_sender import tls

Result = TypeVar("Result")


SWITCH_SECONDS = 0.0005
"""How long a thread waits before the interpreter interrupts the running one. With the default of
5 ms a finished commit would wait that long while the event loop is busy."""

COLLECT_AFTER_ALLOCATIONS = 50_000
"""The garbage collector searches for cycles after this many allocations. The default of 700 is less
than one large group needs, nearly all of which is freed by reference count."""


def engine_of(database_url: str, pooler: Pooler = "transaction") -> Engine:
    """The engine of a database URL that `settings` has accepted.

    A command assumes a pooler: what that costs matters only to a server. Raises `DatabaseProblem`.
    """
    if database_url.startswith("sqlite:"):
        return SqliteEngine(Path(database_url.removeprefix("sqlite:///")))
    return PostgresEngine(Address.of(database_url, pooled=pooler == "transaction"))


def with_store(
    database_url: str,
    ask: Callable[[Store], Awaitable[Result]],
    database_use: DatabaseUse | None = None,
    *,
    is_patient: bool = False,
) -> Result:
    """The result of `ask`, which reads and changes a database that a server may be using.

    `database_use` None = commands work on a sandbox's database as well, so that people can
    practise.
    `is_patient`: see `Engine.open_store`. Raises `DatabaseProblem`, and `Unavailable` if the
    database did not confirm.
    """
    store = engine_of(database_url).open_store(database_use, is_patient=is_patient)
    return asyncio.run(_with(store, ask))


async def _with(store: Store, ask: Callable[[Store], Awaitable[Result]]) -> Result:
    try:
        return await ask(store)
    finally:
        await store.close()


def look(database_url: str, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
    """The result of `work` on one snapshot of a database. Never waits for a writer.

    Raises `DatabaseProblem`.
    """
    return asyncio.run(engine_of(database_url).read(work))


def open_app(
    settings: Settings,
    log: Log,
    metrics: Metrics,
    database_use: DatabaseUse = "inventory",
    overrides: Overrides = NO_OVERRIDES,
) -> Application:
    """The application on a database, which it closes when it stops.

    While the database cannot be used it responds 503, logs the reason, and tries again.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_ALLOCATIONS)
    tls()  # read now: without a free descriptor OpenSSL would later silently trust no certificate
    engine = engine_of(settings.database_url, settings.database_pooler)
    return Opening(
        lambda: engine.open_store(database_use),
        lambda store: build_app(settings, store, log, metrics, overrides),
        log,
        metrics,
    ).application()
