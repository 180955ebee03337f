"""Is it alive, is it ready, how does it go: contract, section 9. Open to all, no tenant's data."""

from contextlib import suppress

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from seatlatch.api.routes import ApiRoute, PublicRoute
from seatlatch.domain.refusal import Unavailable
from seatlatch.metrics import Metrics
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.journal_heads import find_head_faults
from seatlatch.readiness import Readiness
from seatlatch.store.interface import Store

ALIVE = b'{"status":"alive"}'


class Probes:
    """The handlers for those who operate the service."""

    def __init__(
        self, readiness: Readiness, store: Store, metrics: Metrics, alarm: JournalAlarm
    ) -> None:
        self._readiness = readiness
        self._store = store
        self._metrics = metrics
        self._alarm = alarm

    def routes(self) -> list[ApiRoute]:
        """Where each probe is."""
        return [
            PublicRoute("/livez", self.livez),
            PublicRoute("/readyz", self.readyz),
            PublicRoute("/metrics", self.metrics),
        ]

    async def livez(self, request: Request) -> Response:
        """200 when the process answers."""
        return Response(ALIVE, media_type="application/json")

    async def readyz(self, request: Request) -> Response:
        """200 when changes can be made; else 503 by way of `Unavailable`."""
        await self._readiness.require()
        return Response(b'{"status":"ready"}', media_type="application/json")

    async def metrics(self, request: Request) -> Response:
        """Prometheus text. While the database is away the journal's size stays as it was.

        Each scrape looks at the heads of the journal's chains.
        """
        with suppress(Unavailable):
            self._alarm.heads(map(str, await self._store.read(find_head_faults)))
            chains = await self._store.read(lambda snapshot: snapshot.read_chains())
            entries = sum(chain.head.number - chain.pruned_number for chain in chains)
            self._metrics.journal_holds(entries)
        return Response(self._metrics.exposed(), headers={"Content-Type": CONTENT_TYPE_LATEST})
