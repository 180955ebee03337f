"""Changes of access: every rule, on a real database. What raises has changed nothing.

Identifiers and names are tested in test_access_inputs.py.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.refusal import Conflict, Unavailable
from seatlatch.operations.administration import Administration
from seatlatch.operations.applications import (
    add_application,
    authorize,
    revoke_application,
    rotate_key,
)
from seatlatch.operations.change_tickets import override_unlock
from seatlatch.operations.channels import Grants, add_channel, grant, ungrant
from seatlatch.operations.operators import add_operator, revoke_operator
from seatlatch.operations.organizations import add_organization, remove_organization
from seatlatch.store.access import ChannelEntry, KeyEntry
from seatlatch.store.tickets import NewTicket
from tests.databases import Database
from tests.operations.access_fixtures import (
    CODE_SECONDS,
    NOW,
    Access,
    at,
    invalid,
    refused,
    with_application,
)
from tests.operations.changes import ASKER
from tests.serving import add_tickets


@pytest.fixture
def access(database: Database) -> Iterator[Access]:
    """An inventory with two organizations, a channel and its application."""
    with with_application(database) as made:
        yield made


def test_what_is_there_already_is_not_added_again(access: Access) -> None:
    access.do(add_operator, "op")
    with refused(access, "1001", "there already"):
        access.do(add_organization, "1001", "Other")
    with refused(access, "channel grant"):
        access.do(add_channel, "channel", "Other", ["1002"])
    with refused(access, "app rotate-key"):
        access.do(add_application, "app", "channel", 1)
    with refused(access, "operator rotate-key"):
        access.do(add_operator, "op")


def test_what_is_unknown_is_told_with_the_command_that_adds_it(access: Access) -> None:
    organization = ("There is no organization 9.", "`seatlatch org add`")
    channel = ("There is no channel other.", "`seatlatch channel add`")
    application = ("There is no application other.", "`seatlatch app add`")
    with refused(access, *organization):
        access.do(remove_organization, "9")
    with refused(access, *organization):
        access.do(add_channel, "new", "New", ["1001", "9"])
    with refused(access, *organization):
        access.do(grant, "channel", ["1002", "9"])
    with refused(access, *organization):
        access.do(ungrant, "channel", ["1001", "9"])
    with refused(access, *channel):
        access.remove_channel("other")
    with refused(access, *channel):
        access.do(grant, "other", ["1001"])
    with refused(access, *channel):
        access.do(ungrant, "other", ["1001"])
    with refused(access, *channel):
        access.do(add_application, "new", "other", 1)
    with refused(access, *application):
        access.do(rotate_key, "other", 0)
    with refused(access, *application):
        access.do(authorize, "other", 1)
    with refused(access, *application):
        access.do(revoke_application, "other")
    with refused(access, "no operator other", "operator add"):
        access.do(revoke_operator, "other")


def test_identifiers_tell_upper_from_lower_case(access: Access) -> None:
    access.do(add_channel, "CHANNEL", "Another", ["1001"])
    with refused(access, "There is no application App."):
        access.do(revoke_application, "App")


def test_an_organization_is_kept_while_something_depends_on_it(
    access: Access, database: Database
) -> None:
    with refused(access, "channel", "channel ungrant"):
        access.do(remove_organization, "1001")
    access.do(add_channel, "another", "Another", ["1001"])
    with refused(access, "another and 1 more"):
        access.do(remove_organization, "1001")
    add_tickets(database, [NewTicket("a", "1002", "owner", voided=True)])
    with refused(access, "1002 has tickets"):
        access.do(remove_organization, "1002")


def test_an_organization_without_tickets_and_grants_goes(access: Access) -> None:
    access.do(remove_organization, "1002")
    access.do(ungrant, "channel", ["1001"])
    access.do(remove_organization, "1001")
    assert access.organizations() == {}


def test_a_channel_is_kept_while_something_depends_on_it(
    access: Access, database: Database
) -> None:
    with refused(access, "app acts for", "app revoke"):
        access.remove_channel("channel")
    access.do(revoke_application, "app")
    listed = [NewTicket(token, "1001", "owner", mpreserve_channel="channel") for token in "ab"]
    add_tickets(database, listed[:1])
    with refused(access, "on the ticket 'a'", "tickets unlock"):
        access.remove_channel("channel")
    add_tickets(database, listed[1:])
    with refused(access, "on the ticket 'a'"):
        access.remove_channel("channel")


def test_every_ticket_is_read_before_a_channel_is_removed(
    access: Access, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatlatch.operations.channels.PORTION_TICKETS", 2)
    access.do(revoke_application, "app")
    tickets = [NewTicket(token, "1001", "owner") for token in "abcd"]
    add_tickets(database, [*tickets, NewTicket("e", "1001", "owner", mpreserve_channel="channel")])
    with refused(access, "on the ticket 'e'"):
        access.remove_channel("channel")
    database.change(lambda committer: override_unlock(committer, ASKER, ["e"], "moved away"))
    access.remove_channel("channel")
    assert access.channels() == []


def test_a_channel_on_which_nothing_depends_goes_with_its_grants(access: Access) -> None:
    access.do(revoke_application, "app")
    access.remove_channel("channel")
    assert access.channels() == []
    access.do(remove_organization, "1001")


def test_a_channel_needs_an_organization(access: Access) -> None:
    with invalid(access, "at least one organization"):
        access.do(add_channel, "new", "New", [])


def test_an_organization_that_is_given_twice_is_granted_once(access: Access) -> None:
    added = access.do(add_channel, "new", "New", ["1002", "1001", "1002"])
    assert added == ChannelEntry("new", "New", ("1001", "1002"))
    assert added in access.channels()
    assert access.do(grant, "channel", ["1002", "1002"]) == Grants(("1002",), ())


def test_grants_that_are_so_already_are_a_success(access: Access) -> None:
    assert access.do(grant, "channel", ["1002", "1001"]) == Grants(("1002",), ("1001",))
    assert access.channels()[0].organizations == ("1001", "1002")
    assert access.do(ungrant, "channel", ["1001"]) == Grants(("1001",), ())
    assert access.do(ungrant, "channel", ["1001", "1002"]) == Grants(("1002",), ("1001",))
    assert access.channels()[0].organizations == ()


def test_secrets_are_long_and_new_each_time(access: Access) -> None:
    secrets = [access.do(add_operator, f"op{number}").operator_key for number in range(3)]
    for number in range(3):
        api_key, code = access.do(add_application, f"app{number}", "channel", CODE_SECONDS)
        secrets += [api_key, code.code, access.do(rotate_key, f"app{number}", 0).api_key]
        secrets += [access.do(authorize, f"app{number}", CODE_SECONDS).code]
    assert len(set(secrets)) == len(secrets) == 15
    assert {len(secret) for secret in secrets} == {43}


def test_an_application_gets_a_key_without_end_and_a_code_with_one(database: Database) -> None:
    with at(database) as access:
        access.do(add_organization, "1001", "Arena")
        access.do(add_channel, "channel", "Channel", ["1001"])
        api_key, code = access.do(add_application, "app", "channel", CODE_SECONDS)
        assert code.expires_at == NOW + timedelta(seconds=CODE_SECONDS)
        (entry,) = access.applications()
    assert (entry.application_id, entry.channel_code) == ("app", "channel")
    key_id = hash_secret(api_key.encode()).hex()[:12]
    assert entry.api_keys == (KeyEntry(key_id, NOW, None, None),)


def ends_of(access: Access) -> list[float | None]:
    """When the application's good keys end, in seconds after NOW."""
    (entry,) = access.applications()
    ends = [key.expires_at for key in entry.api_keys]
    return [None if end is None else (end - NOW).total_seconds() for end in ends]


def test_the_old_keys_end_after_the_overlap(access: Access) -> None:
    assert access.do(rotate_key, "app", 100).old_keys_end == NOW + timedelta(seconds=100)
    assert ends_of(access) == [100, None]


def test_without_overlap_they_end_at_once(access: Access) -> None:
    assert access.do(rotate_key, "app", 0).old_keys_end == NOW
    assert ends_of(access) == [None]


def test_a_key_that_ends_before_does_so_still(access: Access) -> None:
    access.do(rotate_key, "app", 100)
    assert access.do(rotate_key, "app", 500).old_keys_end == NOW + timedelta(seconds=500)
    assert ends_of(access) == [100, 500, None]
    assert access.do(rotate_key, "app", 50).old_keys_end == NOW + timedelta(seconds=50)
    assert ends_of(access) == [50, 50, 50, None]


def test_keys_that_have_ended_are_not_listed(database: Database) -> None:
    with at(database) as access:
        access.do(add_organization, "1001", "Arena")
        access.do(add_channel, "channel", "Channel", ["1001"])
        access.do(add_application, "app", "channel", CODE_SECONDS)
        access.do(rotate_key, "app", 100)
    with at(database, 99.9) as access:
        assert ends_of(access) == [100, None]
    with at(database, 100) as access:
        assert ends_of(access) == [None]
        access.do(rotate_key, "app", 100)
        assert ends_of(access) == [200, None]


def test_a_revoked_application_leaves_nothing_and_can_be_added_anew(access: Access) -> None:
    old = access.applications()[0].api_keys
    access.do(authorize, "app", CODE_SECONDS)
    access.commit(lambda inside: inside.access.add_access_token("app", b"token"))
    access.do(revoke_application, "app")
    assert access.applications() == []
    access.do(add_application, "app", "channel", CODE_SECONDS)
    (new,) = access.applications()[0].api_keys
    assert new not in old


def test_a_revoked_operator_can_be_added_anew_with_another_key(access: Access) -> None:
    old = access.do(add_operator, "op")
    access.do(revoke_operator, "op")
    assert access.operators() == []
    assert access.do(add_operator, "op") != old


def test_a_change_that_fails_in_the_middle_changes_nothing(access: Access) -> None:
    async def work(administration: Administration) -> None:
        await administration.access.add_organization("9", "New")
        raise Conflict("It is over.", "See `seatlatch org list`.")

    with refused(access, "It is over."):
        access.do(work)


@pytest.mark.only_on("postgres")
def test_a_change_does_not_wait_for_ever_for_another(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.wait_for_locks(monkeypatch, 0.05)
    with (
        closing(Access(database.store())) as access,
        database.writing(),
        pytest.raises(Unavailable, match="an import is running"),
    ):
        access.do(add_organization, "1001", "Arena")
