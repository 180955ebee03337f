"""Builds the sandbox: the service, with fault injection, reset and its control calls."""

import asyncio
from collections.abc import Sequence

from seatlatch.assembly import Overrides
from seatlatch.auth.address_limits import RecentBuckets
from seatlatch.auth.credentials_cache import CredentialsCache
from seatlatch.console.assembly import SandboxParts
from seatlatch.domain.refusal import NotDone, Unavailable
from seatlatch.http.routes import ApiRoute
from seatlatch.http.server import Application
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.sandbox import data
from seatlatch.sandbox.control_api import ControlApi
from seatlatch.sandbox.fault_injection import FaultInjector, Sleep
from seatlatch.sandbox.fault_settings import FaultPlan
from seatlatch.sandbox.faults import OnceTracker
from seatlatch.sandbox.hosts import AllowedHosts
from seatlatch.sandbox.inspector import Inspector
from seatlatch.sandbox.pausable_store import PausableStore
from seatlatch.sandbox.reset import reset_database
from seatlatch.settings import Settings
from seatlatch.store.interface import DatabaseProblem, Store
from seatlatch.wiring import open_app


def sandbox_service(
    settings: Settings,
    log: Log,
    metrics: Metrics,
    webhook: str | None = None,
    sleep: Sleep = asyncio.sleep,
    hosts: AllowedHosts | None = None,
    inspector: Inspector | None = None,
) -> Application:
    """The application on a sandbox's database, which already has the example data."""
    inspector = inspector or Inspector()
    sandbox = _Sandbox(settings.database_url, webhook, sleep, hosts or AllowedHosts(), inspector)
    overrides = Overrides(
        sandbox.open,
        sandbox.injector.sender,
        sandbox.buckets_of,
        sandbox.buckets_of,
        sandbox.routes,
        sandbox=SandboxParts(data.OPERATOR_KEY, inspector),
    )
    app = open_app(settings, log, metrics, "sandbox", overrides)
    return app._replace(handle=inspector.around(app.handle))


class _Sandbox:
    """The sandbox's replacements for parts of the service, and the state that a reset clears."""

    def __init__(
        self,
        database_url: str,
        webhook: str | None,
        sleep: Sleep,
        hosts: AllowedHosts,
        inspector: Inspector,
    ) -> None:
        self._database_url = database_url
        self._webhook = webhook
        self._hosts = hosts
        self._inspector = inspector
        self._plan = FaultPlan()
        self._once = OnceTracker()
        self._buckets: dict[str, RecentBuckets] = {}
        self.injector = FaultInjector(self._plan, self._once, sleep)

    def open(self, store: Store) -> Store:
        self._store = PausableStore(store)
        return self._store

    def buckets_of(self, kind: str) -> RecentBuckets:
        return self._buckets.setdefault(kind, RecentBuckets())

    def routes(self, plain: Sequence[ApiRoute], cache: CredentialsCache) -> list[ApiRoute]:
        self._cache = cache
        control_api = ControlApi(self._plan, self.reset)
        routes = [*map(self.injector.route, plain), *control_api.routes()]
        return [self._hosts.route(route) for route in routes]

    async def reset(self) -> None:
        """Restore the state of a new sandbox while no other transaction runs."""
        async with self._store.paused():
            try:
                await asyncio.to_thread(reset_database, self._database_url, self._webhook)
            except (DatabaseProblem, NotDone) as problem:
                raise Unavailable("The sandbox's data could not be reset.") from problem
            self._cache.invalidate()
            for buckets in self._buckets.values():
                buckets.clear()
            self._once.clear()
            self._plan.clear()
            self._inspector.clear()
