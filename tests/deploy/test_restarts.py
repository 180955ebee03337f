"""No request is refused while a server restarts behind HAProxy. See decision 197."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import web
from tests.cli.commands import running
from tests.deploy.calling import Calls
from tests.deploy.deploying import drain_seconds
from tests.deploy.proxied import ONE, SEVERAL, front
from tests.ports import free_port
from tests.serving import listed, make_inventory
from tests.waiting import until

pytestmark = pytest.mark.slow

TOKEN = "t1"


def database(folder: Path, name: str) -> str:
    """The URL of a new inventory."""
    return make_inventory(folder / name, [listed(TOKEN)]).url


@contextmanager
def server(url: str, port: int, **settings: str) -> Iterator[None]:
    """`seatlatch serve` on this port; ends in order at the end of the block."""
    settings |= {"SEATLATCH_RATE_LIMIT": "off", "SEATLATCH_LOG_LEVEL": "error"}
    with running("serve", "--port", str(port), "--database", url, **settings):
        yield


def unlocks(port: int) -> float:
    """How many unlocks the server on a port has answered."""
    text = web.get(f"http://127.0.0.1:{port}/metrics").text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "seatlatch_requests_total" and "unlock" in sample.labels["route"]
    )


def test_requests_wait_while_the_only_server_restarts(tmp_path: Path) -> None:
    url, port = database(tmp_path, "inventory.db"), free_port()
    with ExitStack() as stack:
        proxy = stack.enter_context(front(ONE, [port], tmp_path))
        with server(url, port):
            calls = stack.enter_context(Calls(proxy, TOKEN))
            calls.wait_for_more()
        with server(url, port):
            calls.wait_for_more()
            stack.close()
    assert set(calls.statuses) == {200}


def test_a_server_that_drains_gets_no_more_requests(tmp_path: Path) -> None:
    """It drains for as long as the file of settings says."""
    drain = {"SEATLATCH_DRAIN_SECONDS": drain_seconds()}
    urls = [database(tmp_path, f"{name}.db") for name in ("one", "two")]
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        stack.enter_context(server(urls[1], ports[1]))
        with server(urls[0], ports[0], **drain):
            proxy = stack.enter_context(front(SEVERAL, ports, tmp_path))
            calls = stack.enter_context(Calls(proxy, TOKEN))
            until(lambda: min(unlocks(port) for port in ports) > 0)
        with server(urls[0], ports[0]):
            until(lambda: unlocks(ports[0]) > 0)
            calls.wait_for_more()
            stack.close()
    assert set(calls.statuses) == {200}
