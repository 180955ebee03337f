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
from seatlatch.group_commit import Bounds, GroupCommit
from seatlatch.http.app import Background, make_app
from seatlatch.http.probes import Probes
from seatlatch.http.routes import ApiRoute
from seatlatch.http.server import Application
from seatlatch.http.site import Site
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.openapi.routes import Reference
from seatlatch.operations.erase_addresses import AddressEraser
from seatlatch.operations.event_counts import EventCounter
from seatlatch.operations.exchange_tokens import Lifetimes
from seatlatch.operations.feed_news import FeedNews
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.key_uses import KeyUses
from seatlatch.operator_api.access_changes import AccessChanges
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
from seatlatch.operator_api.webhooks import CheckUrl, OperatorWebhooks
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
    - `is_sandbox`: whether the reference pages fill in the sandbox's credentials.
    """

    store: Callable[[Store], Store] = identity
    sender: Callable[[Sender], Sender] = identity
    buckets: Callable[[str], Buckets] = own_buckets
    address_buckets: Callable[[str], Buckets] = recent_buckets
    routes: Callable[[Sequence[ApiRoute], CredentialsCache], Sequence[ApiRoute]] = same_routes
    is_sandbox: bool = False


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
    store = overrides.store(store)
    clock = DatabaseClock(monotonic, log)
    cache = CredentialsCache(store, monotonic, clock)
    addresses = _address_limits(settings, metrics, overrides)
    authentication = ThrottledAuthentication(cache, addresses)
    channels = ChannelAdmission(authentication, _rate_limits(settings, overrides), clock)
    applications = ApplicationAdmission(cache, authentication, addresses)
    readiness = Readiness(store, log)
    committer = GroupCommit(store, metrics, BOUNDS, readiness.failed)
    readiness.use(committer)
    key_uses = KeyUses(committer, monotonic)
    operators = OperatorAdmission(authentication, key_uses, clock)
    metrics.watch_waiting_requests(lambda: committer.waiting_requests)
    metrics.watch_database(lambda: not readiness.is_ready, lambda: store.unfinished_commits)
    alarm = JournalAlarm(log, metrics)
    handlers: tuple[Handlers, ...] = (
        Tickets(channels, committer, store),
        Token(applications, store, committer, lifetimes_of(settings)),
        Journal(channels, store, FeedNews(store), alarm),
        Probes(readiness, store, metrics, alarm),
        *_operator_handlers(settings, operators, committer, store, cache, alarm),
        Reference(is_sandbox=overrides.is_sandbox, root_path=settings.root_path),
        Site(site),
    )
    routes = overrides.routes([route for part in handlers for route in part.routes()], cache)
    dispatcher = _dispatcher(settings, store, committer, metrics, log, overrides)
    eraser = AddressEraser(store, committer, log, settings.client_address_days)
    background = Background((dispatcher, eraser, key_uses, readiness), readiness.stop_soon)
    return make_app(
        routes,
        committer,
        store,
        metrics,
        log,
        background,
        settings.trusted_proxies,
        records_addresses=settings.client_address_days > 0,
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
    settings: Settings,
    operators: OperatorAdmission,
    committer: GroupCommit,
    store: Store,
    cache: CredentialsCache,
    alarm: JournalAlarm,
) -> Sequence[Handlers]:
    """The handlers of `/operator/v1`."""
    changes = AccessChanges(committer, cache)
    return (
        OperatorTickets(operators, committer, store),
        TicketChanges(operators, committer, store),
        OperatorJournal(operators, store, alarm),
        OperatorRequests(operators, store, alarm),
        OperatorEvents(operators, committer, store, EventCounter(store, monotonic)),
        OperatorAudit(operators, store),
        OperatorOrganizations(operators, store, changes),
        OperatorApplications(operators, store, changes, settings.authorization_code_seconds),
        OperatorOperators(operators, store, changes),
        OperatorWebhooks(operators, committer, store, _url_check(settings)),
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
    return Dispatcher(dependencies, metrics)
