"""Sessions of the console: how they begin, what ends them, and links that open once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.commit import CommitEach
from seatlatch.domain.audit import Actor
from seatlatch.domain.console_session import PartnerLink, Session
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.refusal import NotAuthenticated
from seatlatch.operations.channels import add_channel
from seatlatch.operations.console_sessions import (
    SESSION_SECONDS,
    find_session,
    sign_in,
    sign_out,
)
from seatlatch.operations.operators import (
    add_operator,
    change_operator,
    revoke_operator,
    rotate_operator_key,
)
from seatlatch.operations.organizations import add_organization
from seatlatch.store.interface import Transaction
from tests.databases import Database
from tests.operations.access_fixtures import NOW, Access, at
from tests.operations.changes import ACTOR

ANNA = Actor("anna", ACTOR.request_id)


@pytest.fixture
def access(database: Database) -> Iterator[Access]:
    with at(database) as access:
        yield access


def new_key(access: Access) -> bytes:
    """The hash of the first key of a new operator."""
    return hash_secret(access.do(add_operator, "anna", Role.SUPPORT).operator_key.encode())


def begin(access: Access, key_hash: bytes | None) -> str:
    """The secret of a new session."""
    return access.run(sign_in(CommitEach(access.store), ANNA, key_hash))


def find(access: Access, secret: str) -> Session | None:
    return access.run(find_session(access.store, secret))


def test_a_session_has_the_rights_that_its_operator_has_now(access: Access) -> None:
    key_hash = new_key(access)
    secret = begin(access, key_hash)
    expires_at = NOW + timedelta(seconds=SESSION_SECONDS)
    expected = Session(Operator("anna", Role.SUPPORT), key_hash, None, expires_at)
    assert find(access, secret) == expected
    assert find(access, secret + "x") is None
    access.do(add_organization, "1001", "Arena")
    access.do(change_operator, "anna", Role.READ, ["1001"])
    limited = Operator("anna", Role.READ, frozenset({"1001"}))
    assert find(access, secret) == expected._replace(operator=limited)


def test_a_session_ends(database: Database) -> None:
    with at(database) as access:
        secret = begin(access, new_key(access))
    with at(database, SESSION_SECONDS - 1) as access:
        assert find(access, secret)
    with at(database, SESSION_SECONDS) as access:
        assert find(access, secret) is None
        begin(access, None)
    assert len(database.table("console_sessions")) == 1  # the next sign-in removes what has ended


def test_sign_out_ends_one_session(access: Access) -> None:
    key_hash = new_key(access)
    first, second = begin(access, key_hash), begin(access, key_hash)
    access.run(sign_out(CommitEach(access.store), ANNA, first))
    assert find(access, first) is None
    assert find(access, second)


def test_a_session_ends_with_its_key(database: Database) -> None:
    with at(database) as access:
        old_key = new_key(access)
        by_key, by_user = begin(access, old_key), begin(access, None)
        access.do(rotate_operator_key, "anna", 60)
    with at(database, 59) as access:
        assert find(access, by_key)
    with at(database, 60) as access:
        assert find(access, by_key) is None
        assert find(access, by_user)


def test_a_session_ends_with_its_operator(access: Access) -> None:
    key_hash = new_key(access)
    secrets = [begin(access, key_hash), begin(access, None)]
    access.do(revoke_operator, "anna")
    assert [find(access, secret) for secret in secrets] == [None, None]
    with pytest.raises(NotAuthenticated):
        begin(access, key_hash)
    with pytest.raises(NotAuthenticated):
        begin(access, None)


def test_a_link_opens_once(access: Access) -> None:
    link = PartnerLink("channel", "anna", NOW + timedelta(seconds=3600))
    link_hash = hash_secret(b"link")

    async def add(transaction: Transaction) -> None:
        await transaction.sessions.add_link(link_hash, link)

    async def take(transaction: Transaction) -> PartnerLink | None:
        return await transaction.sessions.take_link(link_hash)

    access.do(add_organization, "1001", "Arena")
    access.do(add_channel, "channel", "Channel", ["1001"])
    access.run(access.store.commit(add))
    assert access.read(lambda snapshot: snapshot.sessions.find_link(link_hash)) == link
    assert access.run(access.store.commit(take)) == link
    assert access.run(access.store.commit(take)) is None


def test_a_link_ends(database: Database) -> None:
    link_hash = hash_secret(b"link")

    async def add(transaction: Transaction) -> None:
        link = PartnerLink("channel", "anna", NOW + timedelta(seconds=3600))
        await transaction.sessions.add_link(link_hash, link)

    async def take(transaction: Transaction) -> PartnerLink | None:
        return await transaction.sessions.take_link(link_hash)

    with at(database) as access:
        access.do(add_organization, "1001", "Arena")
        access.do(add_channel, "channel", "Channel", ["1001"])
        access.run(access.store.commit(add))
    with at(database, 3600) as access:
        assert access.read(lambda snapshot: snapshot.sessions.find_link(link_hash)) is None
        assert access.run(access.store.commit(take)) is None


def test_sessions_and_links_go_with_their_channel(access: Access, database: Database) -> None:
    async def add(transaction: Transaction) -> None:
        expires_at = NOW + timedelta(seconds=3600)
        link = PartnerLink("channel", "anna", expires_at)
        await transaction.sessions.add_link(hash_secret(b"link"), link)

    access.do(add_organization, "1001", "Arena")
    access.do(add_channel, "channel", "Channel", ["1001"])
    access.run(access.store.commit(add))
    access.remove_channel("channel")
    assert database.table("console_links") == []
