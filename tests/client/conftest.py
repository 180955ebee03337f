"""A server on SQLite for the client, and both kinds of client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.client_kinds import MANY, Kind, Making, making
from tests.conftest import EVERY_CASE
from tests.serving import Served, listed, make_inventory, serving

VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"),
)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the proxies and certificates of the machine that runs the tests."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Which client."""
    found: Kind = request.param
    return found


@pytest.fixture
def make(kind: Kind) -> Iterator[Making]:
    """Makes clients of this kind."""
    with making(kind) as make:
        yield make


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Served]:
    """A server with a ticket for every case, and 1,050 that are listed."""
    inventory = make_inventory(tmp_path / "inventory.db", EVERY_CASE)
    with inventory.provisioning() as provisioning:
        provisioning.add_tickets([listed(token) for token in MANY])
    with serving(inventory) as running:
        yield running
