"""Fixtures that several rooms' tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seatlatch.store.interface import NewTicket
from tests.serving import (
    FOREIGN_ORGANIZATION,
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    Served,
    listed,
    make_inventory,
    serving,
)

EVERY_CASE = (
    listed("listed-1"),
    listed("listed-2"),
    NewTicket("not-listed", ORGANIZATION, OWNER),
    NewTicket("voided", ORGANIZATION, OWNER, voided=True),
    NewTicket("voided-and-locked", ORGANIZATION, OWNER, voided=True, seat_status="LOCK"),
    NewTicket("locked", ORGANIZATION, OWNER, seat_status="LOCK"),
    listed("locked-and-listed")._replace(seat_status="LOCK"),
    listed("listed-elsewhere", OTHER_CHANNEL),
    NewTicket("foreign", FOREIGN_ORGANIZATION, OWNER),
    NewTicket("foreign-voided", FOREIGN_ORGANIZATION, OWNER, voided=True),
    NewTicket("foreign-locked", FOREIGN_ORGANIZATION, OWNER, seat_status="LOCK"),
)
"""A ticket for every row of the contract's table of outcomes; "unknown" does not exist."""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A database with a ticket for every case."""
    path = tmp_path / "inventory.db"
    make_inventory(path, EVERY_CASE)
    return path


@pytest.fixture
def served(inventory: Path) -> Iterator[Served]:
    """A server on a fresh database with a ticket for every case."""
    with serving(inventory) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """As `served`, but shared by a module's tests: for those that change nothing."""
    path = tmp_path_factory.mktemp("shared") / "inventory.db"
    make_inventory(path, EVERY_CASE)
    with serving(path) as running:
        yield running
