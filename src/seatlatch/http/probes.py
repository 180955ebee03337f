"""Liveness, readiness and metrics: contract, section 9. Public, without any tenant's data.

See decision 16.
"""

from contextlib import suppress

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from seatlatch.domain.refusal import Unavailable
from seatlatch.http.routes import ApiRoute, public_route
from seatlatch.metrics import Metrics
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.journal_facts import read_journal_facts
from seatlatch.readiness import Readiness
from seatlatch.store.interface import Store

ALIVE = b'{"status":"alive"}'


class Probes:
    """The handlers of the probes."""

    def __init__(
        self, readiness: Readiness, store: Store, metrics: Metrics, alarm: JournalAlarm
    ) -> None:
        self._readiness = readiness
        self._store = store
        self._metrics = metrics
        self._alarm = alarm

    def routes(self) -> list[ApiRoute]:
        """The routes of the probes."""
        return [
            public_route("/livez", self.livez),
            public_route("/readyz", self.readyz),
            public_route("/metrics", self.metrics),
        ]

    async def livez(self, request: Request) -> Response:
        """200 when the process responds."""
        return Response(ALIVE, media_type="application/json")

    async def readyz(self, request: Request) -> Response:
        """200 when changes can be made; else raises `Unavailable`, which is 503."""
        await self._readiness.require()
        return Response(b'{"status":"ready"}', media_type="application/json")

    async def metrics(self, request: Request) -> Response:
        """Metrics as Prometheus text. Each scrape also checks the heads of the journal's chains.

        While the database cannot be reached, the metrics about it stay unchanged.
        """
        with suppress(Unavailable):
            await self._measure_journal()
            await self._measure_surroundings()
        return Response(self._metrics.exposed(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _measure_journal(self) -> None:
        journal = await self._store.read(read_journal_facts)
        self._alarm.heads(map(str, journal.head_faults))
        verified_at = journal.last.finished_at.timestamp() if journal.last else 0.0
        damaged_chains = journal.last.damaged_chains if journal.last else 0
        self._metrics.database.journal(journal.entries, verified_at, damaged_chains)

    async def _measure_surroundings(self) -> None:
        free_bytes, size_bytes, waits_for_standby = await self._store.surroundings()
        if free_bytes is not None and size_bytes is not None:
            self._metrics.database.disk(free_bytes, size_bytes)
        if waits_for_standby is not None:
            self._metrics.database.replication(is_synchronous=waits_for_standby)
