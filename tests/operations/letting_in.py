"""Letting callers in, as the tests of its rules need it: transactions, and how it is refused."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.operations.provision import NotDone, add_application, add_channel, add_organization
from seatlatch.store.provisioning import Provisioning
from tests.databases import Database

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CODE_SECONDS = 600


def at(database: Database, seconds: float = 0) -> AbstractContextManager[Provisioning]:
    """A transaction, so many seconds after NOW."""
    return database.provisioning(NOW + timedelta(seconds=seconds))


@contextmanager
def at_work(database: Database) -> Iterator[Provisioning]:
    """A transaction that has two organizations, a channel and its application."""
    with at(database) as made:
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
