"""Fixtures of the tests of `seatlatch remote`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.client_kinds import MANY
from tests.conftest import EVERY_CASE
from tests.serving import Served, listed, make_inventory, serving


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a ticket for every case, and 1,050 that are listed."""
    inventory = make_inventory(tmp_path_factory.mktemp("remote") / "inventory.db", EVERY_CASE)
    with inventory.provisioning() as provisioning:
        provisioning.add_tickets([listed(token) for token in MANY])
    with serving(inventory) as running:
        yield running


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without any configuration."""
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
