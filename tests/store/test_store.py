"""The store contract: tests that every engine must pass."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.channel import Channel
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.ticket import Ticket
from seatlatch.store.interface import Transaction
from seatlatch.store.tickets import Mpreserve, NewTicket
from tests.databases import Database
from tests.operations.changes import NO_ENTRY
from tests.serving import (
    APPLICATION,
    CHANNEL,
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    fill,
    listed,
)
from tests.stores import OpenStore, opened

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def asking(*tokens: str) -> dict[str, Mpreserve]:
    """An unlock of these tokens."""
    return dict.fromkeys(tokens, Mpreserve(MINE, None))


@pytest.fixture
def database(database: Database) -> Database:
    fill(database, [listed("a"), listed("b", OTHER_CHANNEL), listed("c")])
    return database


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    with opened(database.store()) as store:
        yield store


def test_a_ticket_is_read_as_it_was_written(store: OpenStore, database: Database) -> None:
    with database.provisioning() as provisioning:
        provisioning.add_tickets(
            [NewTicket("d", "77", "o", "E", "S", "R", "9", voided=True, seat_status="LOCK")]
        )
    tickets = store.commit(lambda inside: inside.tickets.read(["a", "d", "none"]))
    assert tickets == {
        "a": Ticket("a", ORGANIZATION, OWNER, False, "UNLOCK", CHANNEL),
        "d": Ticket("d", "77", "o", True, "LOCK", None),
    }
    assert store.commit(lambda inside: inside.tickets.read([])) == {}


@pytest.mark.parametrize("token", ["", "a\0", "a\0b", "\0", "x" * 10_000, "\N{TICKET}", "A", "a "])
def test_a_token_that_is_nearly_a_ticket_is_none(store: OpenStore, token: str) -> None:
    async def ask(inside: Transaction) -> object:
        changed = await inside.tickets.change_mpreserve(asking(token), NO_ENTRY)
        return changed, (await inside.tickets.read([token])).get(token)

    assert store.commit(ask) == ({}, None)


def test_what_is_committed_is_there_for_another_connection(
    store: OpenStore, database: Database
) -> None:
    unlocked = store.commit(
        lambda inside: inside.tickets.change_mpreserve(asking("a", "b", "c"), NO_ENTRY)
    )
    assert {token: ticket.owner_id for token, ticket in unlocked.items()} == {
        "a": OWNER,
        "c": OWNER,
    }
    versions = [json.loads(ticket.journal_mark)[0] for ticket in unlocked.values()]
    assert versions == [2, 2]
    assert database.mpreserve_of() == {"a": False, "b": True, "c": False}


def test_work_that_fails_is_rolled_back_and_the_next_goes_through(
    store: OpenStore, database: Database
) -> None:
    async def work(inside: Transaction) -> None:
        await inside.tickets.change_mpreserve(asking("a"), NO_ENTRY)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.commit(work)
    assert database.mpreserve_of()["a"]
    store.commit(lambda inside: inside.tickets.change_mpreserve(asking("a"), NO_ENTRY))
    assert not database.mpreserve_of()["a"]


def test_another_process_that_writes_for_a_moment_is_waited_for(
    store: OpenStore, database: Database
) -> None:
    async def unlock() -> None:
        with database.writing():
            committing = store.store.commit(
                lambda inside: inside.tickets.change_mpreserve(asking("a"), NO_ENTRY)
            )
            waiting = asyncio.create_task(committing)
            done, _ = await asyncio.wait({waiting}, timeout=0.1)
            assert not done
        await waiting

    store.run(unlock())
    assert not database.mpreserve_of()["a"]


def test_a_database_that_is_away_is_not_answered_from(store: OpenStore, database: Database) -> None:
    assert store.credentials_version() > 0
    with database.away():
        with pytest.raises(Unavailable):
            store.commit(lambda inside: inside.tickets.change_mpreserve(asking("a"), NO_ENTRY))
        with pytest.raises(Unavailable):
            store.read(lambda seen: seen.tickets.read(["a"]))
        with pytest.raises(Unavailable):
            store.credentials_version()
    store.commit(lambda inside: inside.tickets.change_mpreserve(asking("c"), NO_ENTRY))
    assert store.credentials_version() > 0


def test_credentials_are_read_whole(store: OpenStore) -> None:
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
    store: OpenStore, database: Database, change: object
) -> None:
    before, version = store.read_credentials(), store.credentials_version()
    assert version == before.version
    with database.provisioning() as provisioning:
        change(provisioning)  # type: ignore[operator]
    assert store.credentials_version() > version
    assert store.read_credentials() != before._replace(version=store.credentials_version())


def test_an_unlock_does_not_change_the_version(store: OpenStore) -> None:
    version = store.credentials_version()
    store.commit(lambda inside: inside.tickets.change_mpreserve(asking("a"), NO_ENTRY))
    assert store.credentials_version() == version


def test_a_moment_comes_back_as_it_was_given(store: OpenStore, database: Database) -> None:
    elsewhere = NOW.replace(microsecond=1).astimezone(datetime.now().astimezone().tzinfo)
    with database.provisioning() as provisioning:
        provisioning.add_api_key(APPLICATION, b"k", elsewhere + timedelta(hours=1))
    expiries = {
        key.expires_at for key in store.read_credentials().applications[APPLICATION].api_keys
    }
    assert elsewhere + timedelta(hours=1) in expiries


def test_provisioning_that_fails_leaves_nothing_behind(
    database: Database, store: OpenStore
) -> None:
    with (
        pytest.raises(database.breach),
        database.provisioning() as provisioning,
    ):
        provisioning.add_organization("new", "New")
        provisioning.add_tickets([listed("d"), listed("a")])
    with database.provisioning() as provisioning:
        assert "new" not in provisioning.organizations()
    assert database.mpreserve_of().keys() == {"a", "b", "c"}
