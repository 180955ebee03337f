"""Constructs the application from its parts, on a given store.

See decision 30.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import SystemRandom
from time import monotonic
from typing import NamedTuple, Protocol, TypeVar

from seatlatch.auth.address_limits import AddressLimits, address_limits, recent_buckets
from seatlatch.auth.credentials_cache import CredentialsCache
from seatlatch.auth.database_clock import DatabaseClock
from seatlatch.auth.rate_limit import Buckets, OwnBuckets, Rate, RateLimit
from seatlatch.auth.throttled import ThrottledAuthentication
from seatlatch.channel_api.admission import (
    CHANGES,
    READS,
    ApplicationAdmission,
    ChannelAdmission,
)
from seatlatch.channel_api.journal import Journal
from seatlatch.channel_api.tickets import Tickets
from seatlatch.channel_api.token import Token
from seatlatch.console.assembly import ConsoleParts, SandboxParts, console_handlers, watch_of
from seatlatch.group_commit import Bounds, GroupCommit
from seatlatch.http.app import Background, make_app
from seatlatch.http.probes import Probes
from seatlatch.http.routes import ApiRoute
from seatlatch.http.server import Application
from seatlatch.http.site import Site
from seatlatch.http.start_page import StartPage
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.openapi.routes import Reference
from seatlatch.operations.access_changes import AccessChanges
from seatlatch.operations.erase_addresses import AddressEraser
from seatlatch.operations.event_counts import EventCounter
from seatlatch.operations.exchange_tokens import Lifetimes
from seatlatch.operations.feed_news import FeedNews
from seatlatch.operations.feed_reads import FeedReads
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.key_uses import KeyUses
from seatlatch.operations.write_webhooks import CheckUrl
from seatlatch.operator_api.admission import OperatorAdmission
from seatlatch.operator_api.applications import OperatorApplications
from seatlatch.operator_api.audit import OperatorAudit
from seatlatch.operator_api.events import OperatorEvents
from seatlatch.operator_api.journal import OperatorJournal
from seatlatch.operator_api.operators import OperatorOperators
from seatlatch.operator_api.organizations import OperatorOrganizations
from seatlatch.operator_api.requests import OperatorRequests
from seatlatch.operator_api.ticket_changes import TicketChanges
from seatlatch.operator_api.tickets import OperatorTickets
from seatlatch.operator_api.webhook_messages import OperatorWebhookMessages
from seatlatch.operator_api.webhooks import OperatorWebhooks
from seatlatch.readiness import Readiness
from seatlatch.settings import Settings
from seatlatch.store.interface import Store
from seatlatch.webhooks.addresses import Allowed, Resolver, require_allowed
from seatlatch.webhooks.dependencies import Dependencies
from seatlatch.webhooks.dispatcher import Dispatcher
from seatlatch.webhooks.http_sender import HttpSender, Sender

BOUNDS = Bounds(group_tokens=2_000, waiting_requests=1_000, wait_seconds=3.0)
"""A transaction of this many tickets takes about 100 ms. A request that would wait behind 1,000
others, or for longer, gets 503; with everything before that it is within 5 seconds.
"""

SITE = Path(__file__).parent / "site"
"""The folder into which `make docs` builds the pages."""


class Handlers(Protocol):
    """The handlers of some routes."""

    def routes(self) -> list[ApiRoute]:
        """Their routes."""


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
    - `sandbox`: the parts of a sandbox. The reference pages then fill in its credentials, and the
      console is on by default.
    """

    store: Callable[[Store], Store] = identity
    sender: Callable[[Sender], Sender] = identity
    buckets: Callable[[str], Buckets] = own_buckets
    address_buckets: Callable[[str], Buckets] = recent_buckets
    routes: Callable[[Sequence[ApiRoute], CredentialsCache], Sequence[ApiRoute]] = same_routes
    sandbox: SandboxParts | None = None


NO_OVERRIDES = Overrides()


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
    store, is_sandbox = overrides.store(store), overrides.sandbox is not None
    addresses = _address_limits(settings, metrics, overrides)
    readiness, committer = _committer(store, log, metrics)
    parts = _parts(settings, store, committer, addresses, metrics, log, overrides)
    cache, authentication, key_uses = parts.cache, parts.authentication, parts.key_uses
    applications = ApplicationAdmission(cache, authentication, addresses)
    channels = ChannelAdmission(parts.cache, authentication, parts.limits, key_uses, parts.now)
    operators = OperatorAdmission(authentication, key_uses, parts.now)
    pages = console_handlers(settings, parts, overrides.sandbox)
    feed_news = FeedNews(store, monotonic)
    metrics.watch_feed(lambda: feed_news.lag_seconds)
    handlers: tuple[Handlers, ...] = (
        Tickets(channels, committer, store),
        Token(applications, store, committer, lifetimes_of(settings)),
        Journal(channels, store, FeedReads(store), feed_news, parts.alarm),
        Probes(readiness, store, metrics, parts.alarm),
        *_operator_handlers(settings, operators, parts),
        *pages,
        *_public_pages(settings, site, has_console=bool(pages), is_sandbox=is_sandbox),
    )
    routes = overrides.routes([route for part in handlers for route in part.routes()], cache)
    dispatcher = _dispatcher(settings, store, committer, metrics, log, overrides)
    eraser = AddressEraser(store, committer, log, settings.client_address_days)
    tasks = (dispatcher, eraser, key_uses, readiness, feed_news, *(parts.watch if pages else ()))
    return make_app(
        routes,
        committer,
        store,
        metrics,
        log,
        Background(tasks, readiness.stop_soon),
        settings.trusted_proxies,
        records_addresses=settings.client_address_days > 0,
    )


def _committer(store: Store, log: Log, metrics: Metrics) -> tuple[Readiness, GroupCommit]:
    """The committer and its readiness, which metrics watch."""
    readiness = Readiness(store, log)
    committer = GroupCommit(store, metrics, BOUNDS, readiness.failed)
    readiness.use(committer)
    metrics.watch_waiting_requests(lambda: committer.waiting_requests)
    metrics.watch_database(lambda: not readiness.is_ready, lambda: store.unfinished_commits)
    return readiness, committer


def _parts(
    settings: Settings,
    store: Store,
    committer: GroupCommit,
    addresses: AddressLimits,
    metrics: Metrics,
    log: Log,
    overrides: Overrides,
) -> ConsoleParts:
    """The parts that several interfaces use."""
    clock = DatabaseClock(monotonic, log)
    cache = CredentialsCache(store, monotonic, clock)
    return ConsoleParts(
        store=store,
        committer=committer,
        cache=cache,
        authentication=ThrottledAuthentication(cache, addresses),
        key_uses=KeyUses(committer, log, monotonic),
        limits=_rate_limits(settings, overrides),
        now=clock,
        alarm=JournalAlarm(log, metrics),
        check_url=_url_check(settings),
        counter=EventCounter(store, monotonic),
        watch=watch_of(store, metrics, log),
    )


def _public_pages(
    settings: Settings, site: Path, *, has_console: bool, is_sandbox: bool
) -> Sequence[Handlers]:
    """The handlers of the pages that need no credentials."""
    path = settings.root_path
    return (
        StartPage(root_path=path, has_console=has_console, is_sandbox=is_sandbox),
        Reference(is_sandbox=is_sandbox, root_path=path),
        Site(site),
    )


def _address_limits(settings: Settings, metrics: Metrics, overrides: Overrides) -> AddressLimits:
    """The limits of a client address."""
    return address_limits(
        monotonic,
        overrides.address_buckets,
        is_on=settings.rate_limit is not None,
        failed=metrics.authentication_failed,
    )


def _rate_limits(settings: Settings, overrides: Overrides) -> list[RateLimit]:
    """The rate limits of an application, by kind."""
    rate = Rate(*settings.rate_limit) if settings.rate_limit else None
    return [RateLimit(kind, rate, monotonic, overrides.buckets(kind)) for kind in (CHANGES, READS)]


def _operator_handlers(
    settings: Settings, operators: OperatorAdmission, parts: ConsoleParts
) -> Sequence[Handlers]:
    """The handlers of `/operator/v1`."""
    store, committer, alarm = parts.store, parts.committer, parts.alarm
    changes = AccessChanges(committer, parts.cache)
    return (
        OperatorTickets(operators, committer, store),
        TicketChanges(operators, committer, store),
        OperatorJournal(operators, store, alarm),
        OperatorRequests(operators, store, alarm),
        OperatorEvents(operators, committer, store, parts.counter),
        OperatorAudit(operators, store),
        OperatorOrganizations(operators, store, changes),
        OperatorApplications(operators, store, changes, settings.authorization_code_seconds),
        OperatorOperators(operators, store, changes),
        OperatorWebhooks(operators, committer, store, parts.check_url),
        OperatorWebhookMessages(operators, committer, store),
    )


def _url_check(settings: Settings) -> CheckUrl:
    """The check of a webhook's URL, as commands make it too."""
    return partial(require_allowed, allowed=allowed_by(settings), resolve=Resolver())


def _dispatcher(
    settings: Settings,
    store: Store,
    committer: GroupCommit,
    metrics: Metrics,
    log: Log,
    overrides: Overrides,
) -> Dispatcher:
    """The delivery of webhooks."""
    clock = DatabaseClock(monotonic)
    dependencies = Dependencies(
        store=store,
        committer=committer,
        sender=lambda: overrides.sender(HttpSender(allowed_by(settings), Resolver())),
        observer=metrics,
        log=log,
        clock=clock,
        clock_was_read=lambda now: clock.was_read(now, monotonic()),
        chance=SystemRandom().random,
    )
    return Dispatcher(dependencies, metrics.database)
