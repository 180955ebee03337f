"""The one place that constructs: from settings to a service with all its parts."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from random import SystemRandom
from time import monotonic
from typing import NamedTuple, TypeVar

from seatlatch.api.app import Beside, make_app
from seatlatch.api.gate import Gate, Limits
from seatlatch.api.journal import Journal
from seatlatch.api.probes import Probes
from seatlatch.api.routes import ApiRoute
from seatlatch.api.server import Application
from seatlatch.api.site import Site
from seatlatch.api.tickets import Tickets
from seatlatch.api.token import Token
from seatlatch.auth.address_limits import address_limits, recent_buckets
from seatlatch.auth.database_clock import DatabaseClock
from seatlatch.auth.directory import Directory
from seatlatch.auth.rate_limit import Buckets, OwnBuckets, Rate, RateLimit
from seatlatch.commit import CommitEach, Commits
from seatlatch.group_commit import Bounds, GroupCommit
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.opening import Opening
from seatlatch.operations.exchange_tokens import Lifetimes
from seatlatch.operations.feed_news import FeedNews
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operator.gate import OperatorGate
from seatlatch.operator.journal import OperatorJournal
from seatlatch.operator.tickets import OperatorTickets
from seatlatch.readiness import Readiness
from seatlatch.reference.reference import Reference
from seatlatch.settings import Pooler, Settings
from seatlatch.store.engine import Engine
from seatlatch.store.importing import Importing
from seatlatch.store.interface import DatabaseUse, Snapshot, Store
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.engine import PostgresEngine
from seatlatch.store.provisioning import Provisioning
from seatlatch.store.sqlite.engine import SqliteEngine
from seatlatch.webhooks.addresses import Allowed, Resolver
from seatlatch.webhooks.deliverer import Deliverer
from seatlatch.webhooks.endpoint import Means
from seatlatch.webhooks.sending import Sender, Sends, tls

Answer = TypeVar("Answer")

BOUNDS = Bounds(group_tokens=2_000, waiting_requests=1_000, wait_seconds=3.0)
"""A transaction of so many tickets takes some 100 ms. Who waits for more than 1,000 others, or for
so long, is told to come again; with all that comes before it that is within 5 seconds.
"""

SWITCH_SECONDS = 0.0005
"""How long a thread that waits for the interpreter lets another run on. The default, 5 ms, is
what a finished commit would wait for while the event loop is busy."""


COLLECT_AFTER_ALLOCATIONS = 50_000
"""The garbage collector looks for cycles after so many allocations. The default of 700 is less than
one large group makes, and nearly all of that dies by reference count without it."""


SITE = Path(__file__).parent / "site"
"""Where `make docs` puts the pages."""


def engine_of(database_url: str, pooler: Pooler = "transaction") -> Engine:
    """The engine of a database URL, as `settings` has found it to be one.

    A command takes it that there may be a pooler: what that costs matters to a server alone.
    Raises `DatabaseProblem`.
    """
    if database_url.startswith("sqlite:"):
        return SqliteEngine(Path(database_url.removeprefix("sqlite:///")))
    return PostgresEngine(Address.of(database_url, pooled=pooler == "transaction"))


def open_provisioning(
    database_url: str, database_use: DatabaseUse = "inventory", *, to_write: bool = True
) -> AbstractContextManager[Provisioning]:
    """One transaction of provisioning, kept whole at the end or not at all.

    Who does not want `to_write` waits for nobody who does. Raises `DatabaseProblem`, and
    `Unavailable` for trouble that comes in its midst.
    """
    return engine_of(database_url).provisioning(database_use, to_write=to_write)


def change(
    database_url: str,
    ask: Callable[[Commits], Awaitable[Answer]],
    database_use: DatabaseUse = "inventory",
) -> Answer:
    """What `ask` answers when it submits its changes to a database, one by one.

    For a command that changes tickets beside a server that may run. Raises `DatabaseProblem`, and
    `Unavailable` if the database did not confirm.
    """
    return with_store(database_url, lambda store: ask(CommitEach(store)), database_use)


def with_store(
    database_url: str,
    ask: Callable[[Store], Awaitable[Answer]],
    database_use: DatabaseUse = "inventory",
) -> Answer:
    """What `ask` answers with a database's store, as often as it wants to look or to commit.

    Raises `DatabaseProblem` and `Unavailable`.
    """
    return asyncio.run(_with(engine_of(database_url).open_store(database_use), ask))


async def _with(store: Store, ask: Callable[[Store], Awaitable[Answer]]) -> Answer:
    try:
        return await ask(store)
    finally:
        await store.close()


def look(database_url: str, work: Callable[[Snapshot], Awaitable[Answer]]) -> Answer:
    """What `work` answers on one snapshot of a database, which waits for nobody who writes.

    Raises `DatabaseProblem`.
    """
    return asyncio.run(engine_of(database_url).look(work))


def open_import(database_url: str, organization_id: str) -> AbstractContextManager[Importing]:
    """An import into an organization. Raises `DatabaseProblem`."""
    return engine_of(database_url).importing(organization_id)


def make_database(database_url: str, database_use: DatabaseUse = "inventory") -> list[str]:
    """Make the database if there is none and bring it to the latest schema.

    Returns the names of the migrations that were applied. Raises `DatabaseProblem`.
    """
    return engine_of(database_url).make_or_migrate(database_use)


def own_buckets(_kind: str) -> Buckets:
    """The rate limit's buckets of a process that serves alone."""
    return OwnBuckets()


Part = TypeVar("Part")


def as_it_is(part: Part) -> Part:
    """Nothing is put around it."""
    return part


def as_they_are(routes: Sequence[ApiRoute], _directory: Directory) -> Sequence[ApiRoute]:
    """No route is added, and none changed."""
    return routes


class Around(NamedTuple):
    """What is put around the parts of a service, or in their place; plainly nothing.

    `buckets` of the rate limit by kind; `address_buckets` of those by client address. `routes`
    makes of the plain ones those that are served.
    `is_sandbox`: whether the pages of the reference come with the sandbox's credentials.
    """

    store: Callable[[Store], Store] = as_it_is
    sender: Callable[[Sends], Sends] = as_it_is
    buckets: Callable[[str], Buckets] = own_buckets
    address_buckets: Callable[[str], Buckets] = recent_buckets
    routes: Callable[[Sequence[ApiRoute], Directory], Sequence[ApiRoute]] = as_they_are
    is_sandbox: bool = False


PLAIN = Around()


def service(
    settings: Settings,
    log: Log,
    metrics: Metrics,
    database_use: DatabaseUse = "inventory",
    around: Around = PLAIN,
) -> Application:
    """The application on a database, which it closes when it has stopped.

    While the database cannot be used it responds 503, says why in the log, and tries again.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_ALLOCATIONS)
    tls()  # read now: without a descriptor OpenSSL would later trust nobody, and say nothing
    engine = engine_of(settings.database_url, settings.database_pooler)
    return Opening(
        lambda: engine.open_store(database_use),
        lambda store: compose(settings, store, log, metrics, around),
        log,
        metrics,
    ).application()


def allowed_by(settings: Settings) -> Allowed:
    """The addresses to which webhooks may be sent."""
    return Allowed(settings.webhook_addresses, settings.webhook_networks)


def lifetimes_of(settings: Settings) -> Lifetimes:
    """How long tokens can be used."""
    return Lifetimes(
        settings.access_token_seconds,
        settings.refresh_token_seconds,
        settings.refresh_reuse_seconds,
    )


def compose(
    settings: Settings,
    store: Store,
    log: Log,
    metrics: Metrics,
    around: Around = PLAIN,
    site: Path = SITE,
) -> Application:
    """The application on a given store, which it closes when it has stopped."""
    store = around.store(store)
    rate = Rate(*settings.rate_limit) if settings.rate_limit else None
    changes, reads = (
        RateLimit(kind, rate, monotonic, around.buckets(kind)) for kind in ("changes", "reads")
    )
    limits = Limits(changes, reads)
    clock = DatabaseClock(monotonic, log)
    directory = Directory(store, monotonic, clock)
    addresses = address_limits(monotonic, around.address_buckets, is_on=rate is not None)
    gate = Gate(directory, limits, addresses, clock)
    readiness = Readiness(store, log)
    commits = GroupCommit(store, metrics, BOUNDS, readiness.failed)
    readiness.use(commits)
    metrics.watch_waiting_requests(lambda: commits.waiting_requests)
    metrics.watch_database(lambda: not readiness.is_ready, lambda: store.unfinished_commits)
    tickets = Tickets(gate, commits, store, metrics, log)
    token = Token(gate, store, commits, lifetimes_of(settings))
    alarm = JournalAlarm(log, metrics)
    probes = Probes(readiness, store, metrics, alarm)
    journal = Journal(gate, store, FeedNews(store), alarm)
    operator_gate = OperatorGate(directory, addresses)
    operator = OperatorTickets(operator_gate, commits, store, metrics, log)
    operator_journal = OperatorJournal(operator_gate, store, alarm)
    reference = Reference(is_sandbox=around.is_sandbox, root_path=settings.root_path)
    rooms = (tickets, token, journal, probes, operator, operator_journal, reference, Site(site))
    plain = [route for room in rooms for route in room.routes()]
    delivery_clock = DatabaseClock(monotonic)
    means = Means(
        store=store,
        commits=commits,
        sender=lambda: around.sender(Sender(allowed_by(settings), Resolver())),
        observer=metrics,
        log=log,
        clock=delivery_clock,
        clock_was_read=lambda now: delivery_clock.was_read(now, monotonic()),
        chance=SystemRandom().random,
    )
    routes = around.routes(plain, directory)
    beside = Beside((Deliverer(means, metrics), readiness), readiness.stop_soon)
    return make_app(routes, commits, store, metrics, log, beside, settings.trusted_proxies)
