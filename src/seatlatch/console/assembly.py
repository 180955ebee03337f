"""Constructs the console from its parts."""

from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import NamedTuple, Protocol

from seatlatch.auth.credentials_cache import CredentialsCache
from seatlatch.auth.rate_limit import RateLimit
from seatlatch.auth.throttled import ThrottledAuthentication
from seatlatch.commit import Committer
from seatlatch.console.admission import ConsoleAdmission
from seatlatch.console.applications import ApplicationPages
from seatlatch.console.audit import AuditPages
from seatlatch.console.channel_facts import ChannelFacts
from seatlatch.console.channels import ChannelPages
from seatlatch.console.events import Events
from seatlatch.console.home import Home
from seatlatch.console.imports import Imports
from seatlatch.console.journal import JournalPages
from seatlatch.console.organizations import OrganizationPages
from seatlatch.console.pages import Pages
from seatlatch.console.partner_links import PartnerLinks, PartnerOpening
from seatlatch.console.partner_pages import PartnerPages
from seatlatch.console.partner_requests import PartnerRequests, UnknownPartnerPages
from seatlatch.console.partner_webhooks import PartnerWebhooks
from seatlatch.console.people import PeoplePages
from seatlatch.console.requests import RequestPages
from seatlatch.console.seat_changes import SeatChanges
from seatlatch.console.seat_map import SeatMapPage
from seatlatch.console.seat_map_data import SeatMapData
from seatlatch.console.seat_table import SeatTable
from seatlatch.console.sign_in import SignIn
from seatlatch.console.static_files import StaticFiles
from seatlatch.console.templating import Templates
from seatlatch.console.ticket_actions import TicketActions
from seatlatch.console.ticket_page import TicketPage
from seatlatch.console.ticket_search import TicketSearch
from seatlatch.console.unlock_all import UnlockAllPages
from seatlatch.console.webhook_messages import WebhookMessagePages
from seatlatch.console.webhooks import WebhookPages
from seatlatch.http.routes import ApiRoute
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.operations.access_changes import AccessChanges
from seatlatch.operations.attention import AttentionFinder
from seatlatch.operations.event_counts import EventCounter
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.key_uses import KeyUses
from seatlatch.operations.locked_counts import LockedCounter
from seatlatch.operations.seat_maps import SeatMaps
from seatlatch.operations.write_webhooks import CheckUrl
from seatlatch.presentation.inspection import RequestInspector
from seatlatch.settings import Settings
from seatlatch.store.interface import Store
from seatlatch.traffic import Traffic


class SandboxParts(NamedTuple):
    """The parts that only a sandbox has.

    `operator_key`: the key that it fills in at sign-in. `inspector`: keeps the latest requests.
    """

    operator_key: str
    inspector: RequestInspector


class Watch(NamedTuple):
    """The background tasks of the console."""

    traffic: Traffic
    locked: LockedCounter
    seat_maps: SeatMaps


def watch_of(store: Store, metrics: Metrics, log: Log) -> Watch:
    """The background tasks on a store and the metrics."""
    return Watch(
        Traffic(metrics.samples, monotonic, log),
        LockedCounter(store, monotonic, log),
        SeatMaps(store, monotonic),
    )


class ConsoleParts(NamedTuple):
    """The parts of the application that the console and the operators' interface use.

    `limits`: the rate limits of applications. `now`: the time, aware UTC. `alarm`: reports damage
    to the journal. `check_url`: the check of a webhook's URL.
    """

    store: Store
    committer: Committer
    cache: CredentialsCache
    authentication: ThrottledAuthentication
    key_uses: KeyUses
    limits: Sequence[RateLimit]
    now: Callable[[], datetime]
    alarm: JournalAlarm
    check_url: CheckUrl
    counter: EventCounter
    watch: Watch


class Handlers(Protocol):
    """The handlers of some routes."""

    def routes(self) -> list[ApiRoute]:
        """Their routes."""


class UnknownPages(NamedTuple):
    """The handler of paths that no other page has; the last one."""

    pages: Pages

    def routes(self) -> list[ApiRoute]:
        """The route of this handler."""
        return [self.pages.unknown()]


def console_handlers(
    settings: Settings, parts: ConsoleParts, sandbox: SandboxParts | None
) -> Sequence[Handlers]:
    """The handlers of all pages; none if the settings turn the console off. `sandbox` None = this
    is no sandbox.
    """
    is_on = sandbox is not None if settings.console == "auto" else settings.console == "on"
    if not is_on:
        return ()
    admission = ConsoleAdmission(
        parts.store,
        parts.authentication,
        parts.key_uses,
        parts.now,
        settings.trusted_proxies,
        settings.console_user_header,
    )
    inspector = sandbox.inspector if sandbox else None
    templates = Templates(settings.root_path, is_sandbox=sandbox is not None)
    pages = Pages(admission, templates)
    return (
        StaticFiles(),
        SignIn(pages, admission, parts.committer, sandbox.operator_key if sandbox else ""),
        Home(pages, parts.watch.traffic, _attention(parts), parts.now),
        *_event_handlers(parts, pages),
        TicketSearch(pages, parts.store, inspector),
        TicketPage(pages, parts.store, parts.alarm),
        TicketActions(pages, parts.store, parts.committer, parts.now),
        RequestPages(pages, parts.store, parts.alarm, inspector),
        WebhookPages(pages, parts.committer, parts.store, parts.check_url),
        WebhookMessagePages(pages, parts.committer, parts.store),
        *_partner_handlers(settings, parts, pages),
        JournalPages(pages, parts.committer, parts.store, parts.alarm),
        Imports(pages, parts.committer, parts.store),
        *_access_handlers(settings, parts, pages),
        UnknownPages(pages),
    )


def _event_handlers(parts: ConsoleParts, pages: Pages) -> Sequence[Handlers]:
    """The handlers of the pages of events and their seats."""
    store, seat_maps = parts.store, parts.watch.seat_maps
    return (
        Events(pages, store, parts.counter),
        SeatMapPage(pages, store, seat_maps, SeatMapData(parts.now)),
        SeatTable(pages, store, seat_maps, parts.now),
        SeatChanges(pages, store, parts.committer),
    )


def _partner_handlers(settings: Settings, parts: ConsoleParts, pages: Pages) -> Sequence[Handlers]:
    """The handlers of the partner view, and of the links to it."""
    partners = PartnerPages(pages, parts.store)
    changes = AccessChanges(parts.committer, parts.cache)
    store, committer, proxies = parts.store, parts.committer, settings.trusted_proxies
    return (
        PartnerLinks(pages, store, changes),
        PartnerRequests(partners, store, committer, parts.alarm),
        PartnerWebhooks(partners, store),
        PartnerOpening(partners, store, committer, changes, proxies),
        UnknownPartnerPages(partners),
    )


def _attention(parts: ConsoleParts) -> AttentionFinder:
    """Finds what needs attention."""
    traffic, locked, _ = parts.watch
    return AttentionFinder(parts.store, locked, lambda: traffic.totals().damaged_rows, monotonic)


def _access_handlers(settings: Settings, parts: ConsoleParts, pages: Pages) -> Sequence[Handlers]:
    """The handlers of the pages about callers and what they may see."""
    store = parts.store
    changes = AccessChanges(parts.committer, parts.cache)
    facts = ChannelFacts(store, parts.limits, parts.watch.locked, monotonic)
    return (
        ChannelPages(pages, store, changes, facts),
        UnlockAllPages(pages, store, parts.committer, facts),
        ApplicationPages(pages, store, changes, settings.authorization_code_seconds),
        OrganizationPages(pages, store, changes),
        PeoplePages(pages, store, changes),
        AuditPages(pages, store),
    )
