"""A sandbox in a thread of the test, and the calls to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.sandbox import data
from seatlatch.sandbox.control_api import BEHAVIOUR, RESET
from seatlatch.sandbox.hosts import AllowedHosts
from seatlatch.sandbox.inspector import Inspector
from seatlatch.sandbox.reset import reset_database
from seatlatch.sandbox.service import sandbox_service
from seatlatch.settings import read_settings
from tests.databases import Database
from tests.running_loops import running_loop
from tests.serving import Served, served_by

CALLER = {
    "authorization": f"Bearer {data.ACCESS_TOKEN}",
    "pac_application_id": data.APPLICATION,
    "pac_api_key": data.API_KEY,
    "pac_channel_code": data.CHANNEL,
}


class Sandbox(Served):
    """A running sandbox. `slept`: the delays, in seconds, that it would have made; `inspector`:
    what keeps its requests.
    """

    def __init__(
        self,
        port: int,
        database: Database,
        metrics: Metrics,
        slept: list[float],
        inspector: Inspector,
    ) -> None:
        super().__init__(port, database, metrics)
        self.slept = slept
        self.inspector = inspector

    def call(self, method: str, path: str, body: Any, **changes: str | None) -> httpx.Response:
        """A /v1 call of the sandbox's application with all headers."""
        return super().call(method, path, body, **{**CALLER, **changes})

    def behave(self, **members: Any) -> httpx.Response:
        """Set the faults; `_503` stands for the member 503."""
        named = {name.removeprefix("_"): value for name, value in members.items()}
        return self.client.put(BEHAVIOUR, json=named)

    @property
    def behaviour(self) -> Any:
        """The current fault settings."""
        return self.client.get(BEHAVIOUR).raise_for_status().json()

    def reset(self) -> httpx.Response:
        """Reset it."""
        self.slept.clear()
        return self.client.post(RESET, headers={"Content-Type": "application/json"})


@contextmanager
def sandbox_on(
    database: Database,
    webhook: str | None = None,
    log_level: str = "error",
    hosts: AllowedHosts | None = None,
    **settings: str,
) -> Iterator[Sandbox]:
    """A sandbox on a database of its own. Delays are recorded instead of made."""
    with running_loop(None):
        reset_database(database.url, webhook)
    options = {"database_url": database.url, "log_level": log_level, **settings}
    read = read_settings({}, options)._replace(webhook_addresses="loopback")
    log, metrics = make_log("json", read.log_level), Metrics()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    inspector = Inspector()
    app = sandbox_service(read, log, metrics, webhook, sleep, hosts, inspector)
    with served_by(app, log, metrics) as port:
        sandbox = Sandbox(port, database, metrics, slept, inspector)
        try:
            yield sandbox
        finally:
            sandbox.client.close()
