"""Credentials of which only the changes are read: always the same as if all had been read."""

import random
from collections.abc import Iterator

import psycopg
import pytest

from seatlatch.domain.application import Credentials
from seatlatch.store.sql.credentials import CHANGES_MAX
from tests.databases import Database
from tests.serving import (
    APPLICATION,
    CHANNEL,
    ORGANIZATION,
    OTHER_APPLICATION,
    fill,
)
from tests.store.credential_steps import Steps, hashed
from tests.stores import OpenStore, opened

STEPS = 150


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database)
    with opened(database.store()) as store:
        yield store


@pytest.mark.parametrize("seed", range(3))
def test_after_random_changes_a_copy_is_as_a_new_one(
    store: OpenStore, database: Database, seed: int
) -> None:
    chance, steps = random.Random(seed), Steps(database, seed)
    copies: list[Credentials | None] = [None, store.read_credentials(), store.read_credentials()]
    for _ in range(STEPS):
        steps.run()
        whole = store.read_credentials()
        nth = chance.randrange(len(copies))  # the others fall behind
        copies[nth] = store.read_credentials(copies[nth])
        assert copies[nth] == whole
        if chance.random() < 0.05:
            copies[nth] = None  # as after a restart
    assert [store.read_credentials(copy) for copy in copies] == [store.read_credentials()] * 3
    assert whole.version > STEPS


def test_a_copy_keeps_what_did_not_change_and_is_itself_unchanged(
    store: OpenStore, database: Database
) -> None:
    before = store.read_credentials()
    tokens = dict(before.access_tokens)
    with database.provisioning() as provisioning:
        provisioning.add_access_token(APPLICATION, b"t")
    after = store.read_credentials(before)
    assert after.access_tokens.keys() - tokens.keys() == {b"t"}
    assert (after.applications, after.operators) == (before.applications, before.operators)
    assert after.applications is before.applications, "it was not read again"
    assert after.operators is before.operators
    assert before.access_tokens == tokens
    with database.provisioning() as provisioning:
        provisioning.remove_grant(CHANNEL, ORGANIZATION)
    last = store.read_credentials(after)
    assert last.access_tokens is after.access_tokens
    assert last.applications[APPLICATION].channel.organizations == frozenset()
    assert last.applications[OTHER_APPLICATION] is before.applications[OTHER_APPLICATION]
    assert last == store.read_credentials()


def test_few_changes_are_kept_and_a_copy_from_before_them_is_read_whole(
    store: OpenStore, database: Database
) -> None:
    copies = [store.read_credentials()]
    with database.provisioning() as provisioning:
        for number in range(CHANGES_MAX // 20):
            provisioning.add_access_token(APPLICATION, hashed(number))
    copies.append(store.read_credentials())
    for _ in range(12):
        database.execute("UPDATE access_tokens SET expires_at = NULL")
        copies.append(store.read_credentials(copies[-1]))
        assert copies[-1] == store.read_credentials()
    ((kept,),) = database.execute("SELECT count(*) FROM credential_changes")
    assert kept == CHANGES_MAX
    assert copies[-1].version - copies[0].version > CHANGES_MAX
    whole = store.read_credentials()
    assert [store.read_credentials(copy) for copy in copies[:-1]] == [whole] * (len(copies) - 1)


def test_a_version_that_was_raised_by_hand_has_all_read(
    store: OpenStore, database: Database
) -> None:
    before = store.read_credentials()
    with database.provisioning() as provisioning:
        provisioning.add_access_token(APPLICATION, b"t")
    database.execute("UPDATE credentials_version SET version = version + 3")
    after = store.read_credentials(before)
    assert after == store.read_credentials()
    assert after.operators is not before.operators
    with database.provisioning() as provisioning:
        provisioning.add_access_token(APPLICATION, b"u")
    whole = store.read_credentials()
    assert store.read_credentials(after) == store.read_credentials(before) == whole
    with database.provisioning() as provisioning:
        provisioning.add_access_token(APPLICATION, b"v")
    last = store.read_credentials(whole)
    assert last == store.read_credentials()
    assert last.operators is whole.operators, "from then on the changes are known again"


def test_a_copy_from_before_a_restore_is_read_whole(store: OpenStore, database: Database) -> None:
    with database.provisioning() as provisioning:
        provisioning.add_access_token(APPLICATION, b"lost")
    copy = store.read_credentials()
    database.execute("DELETE FROM access_tokens WHERE token_hash = ?", b"lost")
    database.execute("DELETE FROM credential_changes WHERE version >= ?", copy.version)
    database.execute("UPDATE credentials_version SET version = ?", copy.version - 1)
    for token in (b"new", b"last"):  # the first has the version of the one that was lost
        with database.provisioning() as provisioning:
            provisioning.add_access_token(APPLICATION, token)
    whole = store.read_credentials()
    assert whole.version == copy.version + 1
    assert store.read_credentials(copy) == whole
    assert b"lost" not in whole.access_tokens


@pytest.mark.only_on("postgres")
def test_of_two_transactions_the_first_to_commit_has_the_first_version(
    store: OpenStore, database: Database
) -> None:
    add = b"INSERT INTO seatlatch.access_tokens (application_id, token_hash) VALUES (%s, %s)"
    copy = store.read_credentials()
    with (
        psycopg.connect(database.url) as slow,
        psycopg.connect(database.url) as fast,
    ):
        slow.execute(add, (APPLICATION, b"slow"))
        fast.execute(add, (APPLICATION, b"fast"))
        fast.commit()
        copy = store.read_credentials(copy)
        assert copy == store.read_credentials()
        assert b"fast" in copy.access_tokens
        slow.commit()
        copy = store.read_credentials(copy)
    assert copy == store.read_credentials()
    assert copy.access_tokens.keys() >= {b"slow", b"fast"}
