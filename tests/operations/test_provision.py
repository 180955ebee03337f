"""Letting callers in: every rule, on a real database. What raises has changed nothing.

What may be typed is tested in test_provision_inputs.py.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.operations.provision import (
    Grants,
    NotDone,
    add_application,
    add_channel,
    add_operator,
    add_organization,
    authorize,
    grant,
    remove_channel,
    remove_organization,
    revoke_application,
    revoke_operator,
    rotate_key,
    ungrant,
)
from seatlatch.store.interface import NewTicket
from seatlatch.store.provisioning import ChannelEntry, Provisioning
from tests.databases import Database
from tests.operations.letting_in import (
    CODE_SECONDS,
    NOW,
    at,
    at_work,
    invalid,
    refused,
)


@pytest.fixture
def opened(database: Database) -> Iterator[Provisioning]:
    """A transaction on an inventory with two organizations, a channel and its application."""
    with at_work(database) as made:
        yield made


def test_what_is_there_already_is_not_added_again(opened: Provisioning) -> None:
    add_operator(opened, "op")
    refused(opened, lambda: add_organization(opened, "1001", "Other"), "1001", "there already")
    refused(opened, lambda: add_channel(opened, "channel", "Other", ["1002"]), "channel grant")
    refused(opened, lambda: add_application(opened, "app", "channel", 1), "app rotate-key")
    refused(opened, lambda: add_operator(opened, "op"), "operator revoke")


def test_what_is_unknown_is_told_with_the_command_that_adds_it(opened: Provisioning) -> None:
    organization = ("There is no organization 9.", "`seatlatch org add`")
    channel = ("There is no channel other.", "`seatlatch channel add`")
    application = ("There is no application other.", "`seatlatch app add`")
    refused(opened, lambda: remove_organization(opened, "9"), *organization)
    refused(opened, lambda: add_channel(opened, "new", "New", ["1001", "9"]), *organization)
    refused(opened, lambda: grant(opened, "channel", ["1002", "9"]), *organization)
    refused(opened, lambda: ungrant(opened, "channel", ["1001", "9"]), *organization)
    refused(opened, lambda: remove_channel(opened, "other"), *channel)
    refused(opened, lambda: grant(opened, "other", ["1001"]), *channel)
    refused(opened, lambda: ungrant(opened, "other", ["1001"]), *channel)
    refused(opened, lambda: add_application(opened, "new", "other", 1), *channel)
    refused(opened, lambda: rotate_key(opened, "other", 0), *application)
    refused(opened, lambda: authorize(opened, "other", 1), *application)
    refused(opened, lambda: revoke_application(opened, "other"), *application)
    refused(opened, lambda: revoke_operator(opened, "other"), "no operator other", "operator add")


def test_identifiers_tell_upper_from_lower_case(opened: Provisioning) -> None:
    add_channel(opened, "CHANNEL", "Another", ["1001"])
    refused(opened, lambda: revoke_application(opened, "App"), "There is no application App.")


def test_an_organization_is_kept_while_something_depends_on_it(opened: Provisioning) -> None:
    refused(opened, lambda: remove_organization(opened, "1001"), "channel", "channel ungrant")
    add_channel(opened, "another", "Another", ["1001"])
    refused(opened, lambda: remove_organization(opened, "1001"), "another and 1 more")
    opened.add_tickets([NewTicket("a", "1002", "owner", voided=True)])
    refused(opened, lambda: remove_organization(opened, "1002"), "1002 has tickets")


def test_an_organization_without_tickets_and_grants_goes(opened: Provisioning) -> None:
    remove_organization(opened, "1002")
    ungrant(opened, "channel", ["1001"])
    remove_organization(opened, "1001")
    assert opened.organizations() == {}


def test_a_channel_is_kept_while_something_depends_on_it(opened: Provisioning) -> None:
    refused(opened, lambda: remove_channel(opened, "channel"), "app speaks for", "app revoke")
    revoke_application(opened, "app")
    listed = [NewTicket(token, "1001", "owner", mpreserve_channel="channel") for token in "ab"]
    opened.add_tickets(listed[:1])
    refused(opened, lambda: remove_channel(opened, "channel"), "on 1 ticket.", "tickets unlock")
    opened.add_tickets(listed[1:])
    refused(opened, lambda: remove_channel(opened, "channel"), "on 2 tickets.")


def test_a_channel_on_which_nothing_depends_goes_with_its_grants(opened: Provisioning) -> None:
    revoke_application(opened, "app")
    remove_channel(opened, "channel")
    assert opened.channels() == []
    remove_organization(opened, "1001")


def test_a_channel_needs_an_organization(opened: Provisioning) -> None:
    invalid(opened, lambda: add_channel(opened, "new", "New", []), "at least one organization")


def test_an_organization_that_is_given_twice_is_granted_once(opened: Provisioning) -> None:
    added = add_channel(opened, "new", "New", ["1002", "1001", "1002"])
    assert added == ChannelEntry("new", "New", ("1001", "1002"))
    assert added in opened.channels()
    assert grant(opened, "channel", ["1002", "1002"]) == Grants(("1002",), ())


def test_grants_that_are_so_already_are_a_success(opened: Provisioning) -> None:
    assert grant(opened, "channel", ["1002", "1001"]) == Grants(("1002",), ("1001",))
    assert opened.channels()[0].organizations == ("1001", "1002")
    assert ungrant(opened, "channel", ["1001"]) == Grants(("1001",), ())
    assert ungrant(opened, "channel", ["1001", "1002"]) == Grants(("1002",), ("1001",))
    assert opened.channels()[0].organizations == ()


def test_secrets_are_long_and_new_each_time(opened: Provisioning) -> None:
    secrets = [add_operator(opened, f"op{number}") for number in range(3)]
    for number in range(3):
        api_key, code = add_application(opened, f"app{number}", "channel", CODE_SECONDS)
        secrets += [api_key, code.code, rotate_key(opened, f"app{number}", 0).api_key]
        secrets += [authorize(opened, f"app{number}", CODE_SECONDS).code]
    assert len(set(secrets)) == len(secrets) == 15
    assert {len(secret) for secret in secrets} == {43}


def test_an_application_gets_a_key_without_end_and_a_code_with_one(database: Database) -> None:
    with at(database) as opened:
        add_organization(opened, "1001", "Arena")
        add_channel(opened, "channel", "Channel", ["1001"])
        api_key, code = add_application(opened, "app", "channel", CODE_SECONDS)
        assert code.expires_at == NOW + timedelta(seconds=CODE_SECONDS)
        (entry,) = opened.applications()
    assert (entry.application_id, entry.channel_code) == ("app", "channel")
    ((key_hash, expires_at),) = entry.api_keys
    assert (key_hash, expires_at) == (hash_secret(api_key.encode()), None)


def ends_of(opened: Provisioning) -> list[float | None]:
    """When the application's good keys end, in seconds after NOW."""
    (entry,) = opened.applications()
    ends = [key.expires_at for key in entry.api_keys]
    return [None if end is None else (end - NOW).total_seconds() for end in ends]


def test_the_old_keys_end_after_the_overlap(opened: Provisioning) -> None:
    assert rotate_key(opened, "app", 100).old_keys_end == NOW + timedelta(seconds=100)
    assert ends_of(opened) == [100, None]


def test_without_overlap_they_end_at_once(opened: Provisioning) -> None:
    assert rotate_key(opened, "app", 0).old_keys_end == NOW
    assert ends_of(opened) == [None]


def test_a_key_that_ends_before_does_so_still(opened: Provisioning) -> None:
    rotate_key(opened, "app", 100)
    assert rotate_key(opened, "app", 500).old_keys_end == NOW + timedelta(seconds=500)
    assert ends_of(opened) == [100, 500, None]
    assert rotate_key(opened, "app", 50).old_keys_end == NOW + timedelta(seconds=50)
    assert ends_of(opened) == [50, 50, 50, None]


def test_keys_that_have_ended_are_not_listed(database: Database) -> None:
    with at(database) as opened:
        add_organization(opened, "1001", "Arena")
        add_channel(opened, "channel", "Channel", ["1001"])
        add_application(opened, "app", "channel", CODE_SECONDS)
        rotate_key(opened, "app", 100)
    with at(database, 99.9) as opened:
        assert ends_of(opened) == [100, None]
    with at(database, 100) as opened:
        assert ends_of(opened) == [None]
        rotate_key(opened, "app", 100)
        assert ends_of(opened) == [200, None]


def test_a_revoked_application_leaves_nothing_and_can_be_added_anew(opened: Provisioning) -> None:
    old = opened.applications()[0].api_keys
    authorize(opened, "app", CODE_SECONDS)
    opened.add_access_token("app", b"token")
    revoke_application(opened, "app")
    assert opened.applications() == []
    add_application(opened, "app", "channel", CODE_SECONDS)
    (new,) = opened.applications()[0].api_keys
    assert new not in old


def test_a_revoked_operator_can_be_added_anew_with_another_key(opened: Provisioning) -> None:
    old = add_operator(opened, "op")
    revoke_operator(opened, "op")
    assert opened.operators() == []
    assert add_operator(opened, "op") != old


def test_what_raises_in_the_midst_keeps_nothing(database: Database) -> None:
    with pytest.raises(NotDone), at(database) as opened:
        add_organization(opened, "1001", "Arena")
        add_organization(opened, "1001", "Arena")
    with at(database) as opened:
        assert opened.organizations() == {}
