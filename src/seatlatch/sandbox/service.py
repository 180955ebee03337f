"""The sandbox put together: the service, and around it what misbehaves and begins anew."""

import asyncio
from collections.abc import Sequence

from seatlatch.api.routes import ApiRoute
from seatlatch.api.server import Application
from seatlatch.auth.address_limits import RecentBuckets
from seatlatch.auth.directory import Directory
from seatlatch.domain.refusal import Unavailable
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.sandbox.alone import SharedStore
from seatlatch.sandbox.behaviour import Conduct
from seatlatch.sandbox.door import Door
from seatlatch.sandbox.faults import Turns
from seatlatch.sandbox.fresh import make_fresh
from seatlatch.sandbox.hosts import AllowedHosts
from seatlatch.sandbox.misbehaving import Misbehaving, Sleep
from seatlatch.settings import Settings
from seatlatch.store.interface import DatabaseProblem, Store
from seatlatch.wiring import Around, service


def sandbox_service(
    settings: Settings,
    log: Log,
    metrics: Metrics,
    webhook: str | None = None,
    sleep: Sleep = asyncio.sleep,
    hosts: AllowedHosts | None = None,
) -> Application:
    """The application on a sandbox's database, which is fresh already."""
    sandbox = _Sandbox(settings.database_url, webhook, sleep, hosts or AllowedHosts())
    around = Around(
        sandbox.open,
        sandbox.misbehaving.sender,
        sandbox.buckets_of,
        sandbox.buckets_of,
        sandbox.routes,
        is_sandbox=True,
    )
    return service(settings, log, metrics, "sandbox", around)


class _Sandbox:
    """What is put around a service, and what of it a reset has to reach."""

    def __init__(
        self, database_url: str, webhook: str | None, sleep: Sleep, hosts: AllowedHosts
    ) -> None:
        self._database_url = database_url
        self._webhook = webhook
        self._hosts = hosts
        self._conduct = Conduct()
        self._turns = Turns()
        self._buckets: dict[str, RecentBuckets] = {}
        self.misbehaving = Misbehaving(self._conduct, self._turns, sleep)

    def open(self, store: Store) -> Store:
        self._store = SharedStore(store)
        return self._store

    def buckets_of(self, kind: str) -> RecentBuckets:
        return self._buckets.setdefault(kind, RecentBuckets())

    def routes(self, plain: Sequence[ApiRoute], directory: Directory) -> list[ApiRoute]:
        self._directory = directory
        door = Door(self._conduct, self.reset)
        routes = [*map(self.misbehaving.route, plain), *door.routes()]
        return [self._hosts.route(route) for route in routes]

    async def reset(self) -> None:
        """All as at a fresh start, between two transactions of all others."""
        async with self._store.alone():
            try:
                await asyncio.to_thread(make_fresh, self._database_url, self._webhook)
            except DatabaseProblem as problem:
                raise Unavailable("The data could not be made fresh.") from problem
            self._directory.doubt()
            for buckets in self._buckets.values():
                buckets.clear()
            self._turns.clear()
            self._conduct.set_back()
