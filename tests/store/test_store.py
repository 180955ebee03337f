"""The store contract: what every engine must do, asked of each of them."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.channel import Channel
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.ticket import Ticket
from seatlatch.store.interface import NewTicket, Store, Transaction
from seatlatch.store.sqlite.store import SqliteStore
from seatlatch.wiring import open_provisioning
from tests.serving import (
    APPLICATION,
    CHANNEL,
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    database_url,
    listed,
    make_inventory,
    mpreserve_of,
)

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def asking(*tokens: str) -> dict[str, Channel]:
    """An unlock of these tokens."""
    return dict.fromkeys(tokens, MINE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.db"
    make_inventory(path, [listed("a"), listed("b", OTHER_CHANNEL), listed("c")])
    return path


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = SqliteStore(path)
    yield store
    store.close()


def test_a_ticket_is_read_as_it_was_written(store: Store, path: Path) -> None:
    with open_provisioning(database_url(path)) as provisioning:
        provisioning.add_tickets(
            [NewTicket("d", "77", "o", "E", "S", "R", "9", voided=True, seat_status="LOCK")]
        )
    tickets = asyncio.run(store.commit(lambda inside: inside.read_tickets(["a", "d", "none"])))
    assert tickets == {
        "a": Ticket("a", ORGANIZATION, OWNER, False, "UNLOCK", CHANNEL),
        "d": Ticket("d", "77", "o", True, "LOCK", None),
    }
    assert asyncio.run(store.commit(lambda inside: inside.read_tickets([]))) == {}


@pytest.mark.parametrize("token", ["", "a\0", "a\0b", "\0", "x" * 10_000, "\N{TICKET}", "A", "a "])
def test_a_token_that_is_nearly_a_ticket_is_none(store: Store, token: str) -> None:
    def ask(inside: Transaction) -> object:
        return inside.unlock({token: MINE}), inside.read_tickets([token]).get(token)

    assert asyncio.run(store.commit(ask)) == ({}, None)


def test_what_is_committed_is_there_for_another_connection(store: Store, path: Path) -> None:
    unlocked = asyncio.run(store.commit(lambda inside: inside.unlock(asking("a", "b", "c"))))
    assert unlocked == {"a": OWNER, "c": OWNER}
    assert mpreserve_of(path) == {"a": False, "b": True, "c": False}


def test_work_that_fails_is_rolled_back_and_the_next_goes_through(store: Store, path: Path) -> None:
    def work(inside: Transaction) -> None:
        inside.unlock(asking("a"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(store.commit(work))
    assert mpreserve_of(path)["a"]
    asyncio.run(store.commit(lambda inside: inside.unlock(asking("a"))))
    assert not mpreserve_of(path)["a"]


def test_another_process_that_writes_for_a_moment_is_waited_for(store: Store, path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    async def unlock() -> None:
        waiting = asyncio.create_task(store.commit(lambda inside: inside.unlock(asking("a"))))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()
        other.execute("COMMIT")
        await waiting

    asyncio.run(unlock())
    other.close()
    assert not mpreserve_of(path)["a"]


def test_a_file_that_was_moved_away_is_not_answered_from(store: Store, path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))
    with pytest.raises(Unavailable):
        asyncio.run(store.commit(lambda inside: inside.unlock(asking("a"))))
    with pytest.raises(Unavailable):
        asyncio.run(store.read(lambda seen: seen.read_tickets(["a"])))
    with pytest.raises(Unavailable):
        store.credentials_version()
    path.with_name("elsewhere.db").rename(path)
    asyncio.run(store.commit(lambda inside: inside.unlock(asking("c"))))
    assert store.credentials_version() > 0


def test_credentials_are_read_whole(store: Store) -> None:
    credentials = store.read_credentials()
    application = credentials.applications[APPLICATION]
    assert application.channel == MINE
    assert [key.key_hash for key in application.api_keys] == [hash_secret(b"test-api-key")]
    token = credentials.access_tokens[hash_secret(b"test-access-token")]
    assert (token.application_id, token.expires_at) == (APPLICATION, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda provisioning: provisioning.end_api_keys(APPLICATION, NOW),
        lambda provisioning: provisioning.add_api_key(APPLICATION, b"k"),
        lambda provisioning: provisioning.remove_application(APPLICATION),
        lambda provisioning: provisioning.add_access_token(APPLICATION, b"t"),
        lambda provisioning: provisioning.remove_grant(CHANNEL, ORGANIZATION),
        lambda provisioning: provisioning.add_application("com.example.new", CHANNEL),
    ],
    ids=[
        "key ended",
        "key added",
        "application gone",
        "token added",
        "grant gone",
        "application",
    ],
)
def test_the_version_grows_with_every_change_to_credentials(
    store: Store, path: Path, change: object
) -> None:
    before, version = store.read_credentials(), store.credentials_version()
    assert version == before.version
    with open_provisioning(database_url(path)) as provisioning:
        change(provisioning)  # type: ignore[operator]
    assert store.credentials_version() > version
    assert store.read_credentials() != before._replace(version=store.credentials_version())


def test_an_unlock_does_not_change_the_version(store: Store) -> None:
    version = store.credentials_version()
    asyncio.run(store.commit(lambda inside: inside.unlock(asking("a"))))
    assert store.credentials_version() == version


def test_a_moment_comes_back_as_it_was_given(store: Store, path: Path) -> None:
    elsewhere = NOW.replace(microsecond=1).astimezone(datetime.now().astimezone().tzinfo)
    with open_provisioning(database_url(path)) as provisioning:
        provisioning.add_api_key(APPLICATION, b"k", elsewhere + timedelta(hours=1))
    expiries = {
        key.expires_at for key in store.read_credentials().applications[APPLICATION].api_keys
    }
    assert elsewhere + timedelta(hours=1) in expiries


def test_provisioning_that_fails_leaves_nothing_behind(path: Path, store: Store) -> None:
    with (
        pytest.raises(apsw.ConstraintError),
        open_provisioning(database_url(path)) as provisioning,
    ):
        provisioning.add_organization("new", "New")
        provisioning.add_tickets([listed("d"), listed("a")])
    with open_provisioning(database_url(path)) as provisioning:
        assert "new" not in provisioning.organizations()
    assert mpreserve_of(path).keys() == {"a", "b", "c"}
