"""The one place that constructs the application with all its parts from the settings.

See decision 30.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from random import SystemRandom
from time import monotonic
from typing import NamedTuple, TypeVar

from seatlatch.auth.address_limits import address_limits, recent_buckets
from seatlatch.auth.credentials_cache import CredentialsCache
from seatlatch.auth.database_clock import DatabaseClock
from seatlatch.auth.rate_limit import Buckets, OwnBuckets, Rate, RateLimit
from seatlatch.channel_api.admission import (
    CHANGES,
    READS,
    ApplicationAdmission,
    ChannelAdmission,
)
from seatlatch.channel_api.journal import Journal
from seatlatch.channel_api.tickets import Tickets
from seatlatch.channel_api.token import Token
from seatlatch.group_commit import Bounds, GroupCommit
from seatlatch.http.app import Background, make_app
from seatlatch.http.probes import Probes
from seatlatch.http.routes import ApiRoute
from seatlatch.http.server import Application
from seatlatch.http.site import Site
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.openapi.routes import Reference
from seatlatch.opening import Opening
from seatlatch.operations.exchange_tokens import Lifetimes
from seatlatch.operations.feed_news import FeedNews
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operator_api.admission import OperatorAdmission
from seatlatch.operator_api.journal import OperatorJournal
from seatlatch.operator_api.tickets import OperatorTickets
from seatlatch.readiness import Readiness
from seatlatch.settings import Pooler, Settings
from seatlatch.store.engine import Engine
from seatlatch.store.interface import DatabaseUse, Snapshot, Store
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.engine import PostgresEngine
from seatlatch.store.sqlite.engine import SqliteEngine
from seatlatch.webhooks.addresses import Allowed, Resolver
from seatlatch.webhooks.dependencies import Dependencies
from seatlatch.webhooks.dispatcher import Dispatcher
from seatlatch.webhooks.http_sender import HttpSender, Sender, tls

Result = TypeVar("Result")

BOUNDS = Bounds(group_tokens=2_000, waiting_requests=1_000, wait_seconds=3.0)
"""A transaction of this many tickets takes about 100 ms. A request that would wait behind 1,000
others, or for longer, gets 503; with everything before that it is within 5 seconds.
"""

SWITCH_SECONDS = 0.0005
"""How long a thread waits before the interpreter interrupts the running one. With the default of
5 ms a finished commit would wait that long while the event loop is busy."""


COLLECT_AFTER_ALLOCATIONS = 50_000
"""The garbage collector searches for cycles after this many allocations. The default of 700 is less
than one large group needs, nearly all of which is freed by reference count."""


SITE = Path(__file__).parent / "site"
"""The folder into which `make docs` builds the pages."""


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
    database_use: DatabaseUse = "inventory",
    *,
    is_patient: bool = False,
) -> Result:
    """The result of `ask`, which reads and changes a database that a server may be using.

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


def own_buckets(_kind: str) -> Buckets:
    """The rate limit's buckets of the only process of a server."""
    return OwnBuckets()


Part = TypeVar("Part")


def identity(part: Part) -> Part:
    """Return the part unchanged."""
    return part


def same_routes(routes: Sequence[ApiRoute], _cache: CredentialsCache) -> Sequence[ApiRoute]:
    """Return the routes unchanged."""
    return routes


class Overrides(NamedTuple):
    """Replacements and wrappers for parts of the application; the default changes nothing.

    - `store`, `sender`: wrap the store, and the sender of webhooks.
    - `buckets`: makes the buckets of a rate limit by its kind; `address_buckets` those of the
      limits by client address.
    - `routes`: makes the served routes of the regular ones.
    - `is_sandbox`: whether the reference pages fill in the sandbox's credentials.
    """

    store: Callable[[Store], Store] = identity
    sender: Callable[[Sender], Sender] = identity
    buckets: Callable[[str], Buckets] = own_buckets
    address_buckets: Callable[[str], Buckets] = recent_buckets
    routes: Callable[[Sequence[ApiRoute], CredentialsCache], Sequence[ApiRoute]] = same_routes
    is_sandbox: bool = False


NO_OVERRIDES = Overrides()


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


def build_app(
    settings: Settings,
    store: Store,
    log: Log,
    metrics: Metrics,
    overrides: Overrides = NO_OVERRIDES,
    site: Path = SITE,
) -> Application:
    """The application on a given store, which it closes when it stops."""
    store = overrides.store(store)
    rate = Rate(*settings.rate_limit) if settings.rate_limit else None
    limits = [
        RateLimit(kind, rate, monotonic, overrides.buckets(kind)) for kind in (CHANGES, READS)
    ]
    clock = DatabaseClock(monotonic, log)
    cache = CredentialsCache(store, monotonic, clock)
    addresses = address_limits(monotonic, overrides.address_buckets, is_on=rate is not None)
    channels = ChannelAdmission(cache, limits, addresses, clock)
    applications = ApplicationAdmission(cache, addresses)
    operators = OperatorAdmission(cache, addresses)
    readiness = Readiness(store, log)
    committer = GroupCommit(store, metrics, BOUNDS, readiness.failed)
    readiness.use(committer)
    metrics.watch_waiting_requests(lambda: committer.waiting_requests)
    metrics.watch_database(lambda: not readiness.is_ready, lambda: store.unfinished_commits)
    alarm = JournalAlarm(log, metrics)
    handlers = (
        Tickets(channels, committer, store),
        Token(applications, store, committer, lifetimes_of(settings)),
        Journal(channels, store, FeedNews(store), alarm),
        Probes(readiness, store, metrics, alarm),
        OperatorTickets(operators, committer, store),
        OperatorJournal(operators, store, alarm),
        Reference(is_sandbox=overrides.is_sandbox, root_path=settings.root_path),
        Site(site),
    )
    routes = overrides.routes([route for part in handlers for route in part.routes()], cache)
    delivery_clock = DatabaseClock(monotonic)
    dependencies = Dependencies(
        store=store,
        committer=committer,
        sender=lambda: overrides.sender(HttpSender(allowed_by(settings), Resolver())),
        observer=metrics,
        log=log,
        clock=delivery_clock,
        clock_was_read=lambda now: delivery_clock.was_read(now, monotonic()),
        chance=SystemRandom().random,
    )
    background = Background((Dispatcher(dependencies, metrics), readiness), readiness.stop_soon)
    return make_app(routes, committer, store, metrics, log, background, settings.trusted_proxies)
