"""An inventory whose callers a test changes, and how a change is refused."""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.operations.administration import Administration
from seatlatch.operations.applications import add_application
from seatlatch.operations.change_access import change_access
from seatlatch.operations.channels import add_channel, remove_channel
from seatlatch.operations.organizations import add_organization
from seatlatch.store.access import ApplicationEntry, ChannelEntry, OperatorEntry
from tests.databases import Database
from tests.operations.changes import ACTOR
from tests.stores import OpenStore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CODE_SECONDS = 600

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class Access(OpenStore):
    """An open store: changes by operations of an actor, and lists of what is there."""

    actor = ACTOR

    def do(
        self,
        operation: Callable[Concatenate[Administration, Arguments], Coroutine[Any, Any, Answer]],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Answer:
        """The result of an operation, in a transaction of its own."""
        return self.run(
            change_access(
                CommitEach(self.store),
                self.actor,
                lambda inside: operation(inside, *arguments, **named),
            )
        )

    def remove_channel(self, code: str) -> None:
        """Remove a channel, which takes more than one transaction."""
        self.run(remove_channel(self.store, CommitEach(self.store), self.actor, code))

    def organizations(self) -> Mapping[str, str]:
        """See `AccessReader.organizations`."""
        return self.read(lambda snapshot: snapshot.access.organizations())

    def channels(self) -> Sequence[ChannelEntry]:
        """See `AccessReader.channels`."""
        return self.read(lambda snapshot: snapshot.access.channels())

    def applications(self) -> Sequence[ApplicationEntry]:
        """See `AccessReader.applications`."""
        return self.read(lambda snapshot: snapshot.access.applications())

    def operators(self) -> Sequence[OperatorEntry]:
        """See `AccessReader.operators`."""
        return self.read(lambda snapshot: snapshot.access.operators())

    def state(self) -> list[object]:
        """All that can be listed."""
        return [self.organizations(), self.channels(), self.applications(), self.operators()]


@contextmanager
def at(database: Database, seconds: float = 0) -> Iterator[Access]:
    """A store whose clock shows this many seconds after NOW."""
    access = Access(database.store(NOW + timedelta(seconds=seconds), is_patient=True))
    try:
        yield access
    finally:
        access.close()


@contextmanager
def with_application(database: Database) -> Iterator[Access]:
    """A store with two organizations, a channel and its application."""
    with at(database) as access:
        access.do(add_organization, "1001", "Arena")
        access.do(add_organization, "1002", "Stadium")
        access.do(add_channel, "channel", "Channel", ["1001"])
        access.do(add_application, "app", "channel", CODE_SECONDS)
        yield access


@contextmanager
def refused(access: Access, *words: str) -> Iterator[None]:
    """The operation fails with one or two sentences that contain `words`, and changes nothing."""
    before = access.state()
    with pytest.raises(NotDone) as caught:
        yield
    message = str(caught.value)
    assert message == f"{caught.value.message} {caught.value.hint}"
    assert "`" not in caught.value.message
    assert [word for word in words if word not in message] == []
    assert message.endswith(".")
    assert "\n" not in message
    assert "`seatlatch " in message
    assert access.state() == before


@contextmanager
def invalid(access: Access, *words: str) -> Iterator[None]:
    """The operation is wrong usage: a short sentence says so, and nothing changes."""
    before = access.state()
    with pytest.raises(InvalidRequest) as caught:
        yield
    assert [word for word in words if word not in caught.value.message] == []
    assert len(caught.value.message) < 200
    assert access.state() == before
