"""Links for partners: one opening, an end, and what the audit has of them."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.audit import Actor
from seatlatch.domain.console_session import Session
from seatlatch.domain.operator import Role
from seatlatch.domain.refusal import NotFound
from seatlatch.operations.change_access import change_access
from seatlatch.operations.channels import add_channel
from seatlatch.operations.console_sessions import find_session
from seatlatch.operations.operators import add_operator, revoke_operator
from seatlatch.operations.organizations import add_organization
from seatlatch.operations.partner_links import (
    LINK_SECONDS,
    PARTNER_SESSION_SECONDS,
    NewLink,
    end_links,
    find_link,
    make_link,
    open_link,
)
from tests.databases import Database
from tests.operations.access_fixtures import NOW, Access, at
from tests.operations.changes import ACTOR


@pytest.fixture
def access(database: Database) -> Iterator[Access]:
    with at(database) as access:
        add_channels(access)
        yield access


def add_channels(access: Access) -> None:
    """Two channels of an organization."""
    access.do(add_organization, "1001", "Arena")
    access.do(add_channel, "channel", "Channel", ["1001"])
    access.do(add_channel, "other", "Other", ["1001"])


def session_of(access: Access, secret: str) -> Session | None:
    return access.run(find_session(access.store, secret))


def test_a_link_begins_a_session_of_its_channel(access: Access) -> None:
    link = access.do(make_link, "channel")
    found = access.run(find_link(access.store, link.secret))
    assert found == ("channel", ACTOR.name, NOW + timedelta(seconds=LINK_SECONDS))
    session = session_of(access, access.do(open_link, link.secret))
    ends_at = NOW + timedelta(seconds=PARTNER_SESSION_SECONDS)
    assert session == Session(None, None, "channel", ends_at)


def test_a_link_opens_once(access: Access) -> None:
    link = access.do(make_link, "channel")
    access.do(open_link, link.secret)
    assert access.run(find_link(access.store, link.secret)) is None
    with pytest.raises(NotFound, match="already been opened"):
        access.do(open_link, link.secret)


def test_of_two_who_open_it_at_once_one_gets_in(access: Access, database: Database) -> None:
    link = access.do(make_link, "channel")
    other = database.store(NOW, is_patient=True)

    async def both() -> list[str | BaseException]:
        opening = (
            change_access(
                CommitEach(store),
                Actor("partner", ACTOR.request_id),
                lambda a: open_link(a, link.secret),
            )
            for store in (access.store, other)
        )
        results = await asyncio.gather(*opening, return_exceptions=True)
        await other.close()
        return results

    results = access.run(both())
    refused = [one for one in results if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [NotFound]
    assert len(database.table("console_sessions")) == 1


def test_secrets_are_stored_as_hashes(access: Access, database: Database) -> None:
    link = access.do(make_link, "channel")
    second = access.do(make_link, "channel")
    secret = access.do(open_link, second.secret)
    kept = b"".join(database.kept().values())
    for one in (link.secret, second.secret, secret):
        assert one.encode() not in kept
    assert link.secret not in repr(link)


def test_links_end_with_the_operator_who_made_them(access: Access) -> None:
    link = access.do(make_link, "channel")
    for name in (ACTOR.name, "another"):
        access.do(add_operator, name, Role.ADMIN)
    access.do(revoke_operator, "another")
    assert access.run(find_link(access.store, link.secret))
    access.do(revoke_operator, ACTOR.name)
    assert access.run(find_link(access.store, link.secret)) is None


def made_at(database: Database, seconds: float) -> NewLink:
    """A link that is made so long after NOW."""
    with at(database, seconds) as access:
        return access.do(make_link, "channel")


@pytest.mark.parametrize(("seconds", "is_open"), [(LINK_SECONDS - 1, True), (LINK_SECONDS, False)])
def test_a_link_ends_after_an_hour(database: Database, seconds: float, is_open: bool) -> None:
    with at(database) as access:
        add_channels(access)
    link = made_at(database, 0)
    with at(database, seconds) as access:
        assert (access.run(find_link(access.store, link.secret)) is not None) == is_open
        if is_open:
            assert access.do(open_link, link.secret)
        else:
            with pytest.raises(NotFound):
                access.do(open_link, link.secret)


def test_a_session_ends_after_eight_hours(database: Database) -> None:
    with at(database) as access:
        add_channels(access)
        secret = access.do(open_link, access.do(make_link, "channel").secret)
    with at(database, PARTNER_SESSION_SECONDS - 1) as access:
        assert session_of(access, secret)
    with at(database, PARTNER_SESSION_SECONDS) as access:
        assert session_of(access, secret) is None


def test_what_has_ended_is_removed_when_a_link_is_made(database: Database) -> None:
    with at(database) as access:
        add_channels(access)
        access.do(open_link, access.do(make_link, "channel").secret)
        access.do(make_link, "channel")
    made_at(database, PARTNER_SESSION_SECONDS)
    assert database.table("console_sessions") == []
    assert len(database.table("console_links")) == 1


def test_links_and_views_of_a_channel_can_be_ended(access: Access, database: Database) -> None:
    secret = access.do(open_link, access.do(make_link, "channel").secret)
    link = access.do(make_link, "channel")
    other = access.do(make_link, "other")
    assert access.do(end_links, "channel") == 2
    assert session_of(access, secret) is None
    with pytest.raises(NotFound):
        access.do(open_link, link.secret)
    assert access.do(open_link, other.secret)
    assert access.do(end_links, "channel") == 0


def test_they_end_with_their_channel(access: Access, database: Database) -> None:
    secret = access.do(open_link, access.do(make_link, "channel").secret)
    link = access.do(make_link, "channel")
    access.remove_channel("channel")
    assert session_of(access, secret) is None
    assert access.run(find_link(access.store, link.secret)) is None


def test_a_channel_that_does_not_exist_has_no_links(access: Access, database: Database) -> None:
    for operation in (make_link, end_links):
        with pytest.raises(NotFound, match="no channel nobody"):
            access.do(operation, "nobody")
    assert database.table("console_links") == []


def test_the_audit_has_who_made_a_link_and_when_it_was_opened(
    access: Access, database: Database
) -> None:
    link = access.do(make_link, "channel")
    access.do(open_link, link.secret)
    access.do(make_link, "channel")
    access.do(end_links, "channel")
    rows = sorted(database.table("audit"), key=lambda row: row["audit_id"])[3:]
    assert [(row["action"], row["target"]) for row in rows] == [
        ("channel.link", "channel"),
        ("channel.open_link", "channel"),
        ("channel.link", "channel"),
        ("channel.end_links", "channel"),
    ]
    assert f'"createdBy":"{ACTOR.name}"' in rows[1]["details"].replace(" ", "")
    assert '"ended":2' in rows[3]["details"].replace(" ", "")
    assert not any(link.secret in str(row) for row in rows)
