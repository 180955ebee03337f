"""Letting callers in, as the tests of its rules need it: transactions, and how it is refused."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.operations.provision import NotDone, add_application, add_channel, add_organization
from seatlatch.store.interface import Provisioning
from seatlatch.store.sqlite.provisioning import provisioning
from seatlatch.wiring import make_database
from tests.serving import database_url

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CODE_SECONDS = 600


def empty_inventory(folder: Path) -> Path:
    """A database with nothing in it."""
    made = folder / "inventory.db"
    make_database(database_url(made))
    return made


@contextmanager
def at(path: Path, seconds: float = 0) -> Iterator[Provisioning]:
    """A transaction, so many seconds after NOW."""
    with provisioning(path, "inventory", clock=lambda: NOW + timedelta(seconds=seconds)) as opened:
        yield opened


@contextmanager
def at_work(path: Path) -> Iterator[Provisioning]:
    """A transaction that has two organizations, a channel and its application."""
    with at(path) as made:
        add_organization(made, "1001", "Arena")
        add_organization(made, "1002", "Stadium")
        add_channel(made, "channel", "Channel", ["1001"])
        add_application(made, "app", "channel", CODE_SECONDS)
        yield made


def state(opened: Provisioning) -> list[object]:
    """All that can be listed."""
    return [
        opened.organizations(),
        opened.channels(),
        opened.applications(),
        opened.operators(),
    ]


def refused(opened: Provisioning, do: Callable[[], object], *words: str) -> None:
    """It is turned down with one sentence or two that say these words, and nothing changed."""
    before = state(opened)
    with pytest.raises(NotDone) as caught:
        do()
    message = str(caught.value)
    assert [word for word in words if word not in message] == []
    assert message.endswith(".")
    assert "\n" not in message
    assert "`seatlatch " in message
    assert state(opened) == before


def invalid(opened: Provisioning, do: Callable[[], object], *words: str) -> None:
    """It is wrong usage, told in a short sentence."""
    before = state(opened)
    with pytest.raises(InvalidRequest) as caught:
        do()
    assert [word for word in words if word not in caught.value.message] == []
    assert len(caught.value.message) < 200
    assert state(opened) == before
