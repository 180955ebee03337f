"""The audit: each change is recorded in its transaction, with its author and without a secret."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec
import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.commit import CommitEach, apply_group
from seatlatch.domain.audit import Action, Actor, AuditEntry, AuditFilters, AuditPlace
from seatlatch.domain.operator import Role
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.domain.webhook import WebhookState
from seatlatch.operations.applications import (
    add_application,
    authorize,
    revoke_application,
    rotate_key,
)
from seatlatch.operations.change_access import AccessChange
from seatlatch.operations.channels import add_channel, grant, ungrant
from seatlatch.operations.console_sessions import sign_in
from seatlatch.operations.operators import (
    add_operator,
    change_operator,
    revoke_operator,
    rotate_operator_key,
)
from seatlatch.operations.organizations import add_organization, remove_organization
from seatlatch.operations.partner_links import end_links, make_link, open_link
from seatlatch.operations.read_audit import read_audit
from seatlatch.operations.send_messages import replay, send_test
from seatlatch.operations.write_webhooks import (
    add_webhook,
    edit_webhook,
    remove_webhook,
    rotate_secret,
    set_state,
)
from seatlatch.store.webhooks import NewMessage
from tests.databases import Database
from tests.operations.access_fixtures import CODE_SECONDS, NOW, Access, at
from tests.operations.changes import ACTOR

URL = "https://example.com/hook?secret=query-is-secret"


class Done(NamedTuple):
    """A change: its action and target, and the secrets that it returned."""

    action: Action
    target: str
    secrets: Sequence[str] = ()


@pytest.fixture
def access(database: Database) -> Iterator[Access]:
    with at(database) as access:
        yield access


def entries(access: Access, **filters: Any) -> Sequence[AuditEntry]:
    """The newest entries."""
    wanted = AuditFilters()._replace(**filters)
    return access.read(lambda snapshot: snapshot.audit.page(wanted, None, 100))


def change_everything(access: Access) -> Iterator[Done]:
    """Every change that there is, in an order in which they are possible."""
    access.do(add_organization, "1001", "Arena")
    yield Done(Action.ORGANIZATION_ADD, "1001")
    access.do(add_channel, "channel", "Channel", ["1001"])
    yield Done(Action.CHANNEL_ADD, "channel")
    access.do(ungrant, "channel", ["1001"])
    yield Done(Action.CHANNEL_UNGRANT, "channel")
    access.do(grant, "channel", ["1001"])
    yield Done(Action.CHANNEL_GRANT, "channel")
    added = access.do(add_application, "app", "channel", CODE_SECONDS)
    yield Done(Action.APPLICATION_ADD, "app", (added.api_key, added.code.code))
    yield Done(Action.APPLICATION_ROTATE_KEY, "app", (access.do(rotate_key, "app", 60).api_key,))
    code = access.do(authorize, "app", CODE_SECONDS).code
    yield Done(Action.APPLICATION_AUTHORIZE, "app", (code,))
    key = access.do(add_operator, ACTOR.name, Role.SUPPORT, ["1001"]).operator_key
    yield Done(Action.OPERATOR_ADD, ACTOR.name, (key,))
    access.do(change_operator, ACTOR.name, Role.BOX_OFFICE, [])
    yield Done(Action.OPERATOR_CHANGE, ACTOR.name)
    key = access.do(rotate_operator_key, ACTOR.name, 60).operator_key
    yield Done(Action.OPERATOR_ROTATE_KEY, ACTOR.name, (key,))
    signing_in = sign_in(CommitEach(access.store), ACTOR, hash_secret(key.encode()))
    yield Done(Action.SIGN_IN, ACTOR.name, (access.run(signing_in),))
    access.do(revoke_operator, ACTOR.name)
    yield Done(Action.OPERATOR_REVOKE, ACTOR.name)
    yield from change_webhooks(access)
    yield from open_a_link(access)
    access.do(revoke_application, "app")
    yield Done(Action.APPLICATION_REVOKE, "app")
    access.remove_channel("channel")
    yield Done(Action.CHANNEL_REMOVE, "channel")
    access.do(remove_organization, "1001")
    yield Done(Action.ORGANIZATION_REMOVE, "1001")


def open_a_link(access: Access) -> Iterator[Done]:
    """Every change of links for partners."""
    link = access.do(make_link, "channel").secret
    yield Done(Action.CHANNEL_LINK, "channel", (link,))
    session = access.do(open_link, link)
    yield Done(Action.CHANNEL_OPEN_LINK, "channel", (session,))
    access.do(end_links, "channel")
    yield Done(Action.CHANNEL_END_LINKS, "channel")


def change_webhooks(access: Access) -> Iterator[Done]:
    """Every change of a webhook."""
    committer = CommitEach(access.store)
    added = access.run(add_webhook(committer, ACTOR, URL, "channel", own_changes=True))
    webhook_id = added.webhook_id
    yield Done(Action.WEBHOOK_ADD, webhook_id, (added.secret,))
    for action, state in (
        (Action.WEBHOOK_PAUSE, WebhookState.PAUSED),
        (Action.WEBHOOK_RESUME, WebhookState.ACTIVE),
    ):
        access.run(set_state(committer, ACTOR, webhook_id, state))
        yield Done(action, webhook_id)
    secret, _ = access.run(rotate_secret(committer, ACTOR, webhook_id))
    yield Done(Action.WEBHOOK_ROTATE_SECRET, webhook_id, (secret,))
    message = NewMessage(f"msg_{'0' * 32}", [], "{}")
    access.run(send_test(committer, ACTOR, webhook_id, lambda _time: message))
    yield Done(Action.WEBHOOK_TEST, webhook_id)
    access.run(replay(committer, ACTOR, webhook_id, []))
    yield Done(Action.WEBHOOK_REPLAY, webhook_id)
    access.run(edit_webhook(committer, ACTOR, webhook_id, url=f"{URL}&more=query-is-secret"))
    yield Done(Action.WEBHOOK_SET_URL, webhook_id)
    access.run(edit_webhook(committer, ACTOR, webhook_id, own_changes=False))
    yield Done(Action.WEBHOOK_SET_OWN_CHANGES, webhook_id)
    access.run(remove_webhook(committer, ACTOR, webhook_id))
    yield Done(Action.WEBHOOK_REMOVE, webhook_id)


def test_every_change_is_recorded_once_and_without_a_secret(access: Access) -> None:
    done = list(change_everything(access))
    found = list(reversed(entries(access)))
    assert [(one.action, one.target) for one in found] == [(one.action, one.target) for one in done]
    assert {one.action for one in done} == set(Action)
    for entry in found:
        assert (entry.actor, entry.client_address) == (ACTOR.name, ACTOR.client_address)
        assert (entry.request_id, entry.timestamp) == (ACTOR.request_id, NOW)
    text = msgspec.json.encode(found).decode()
    secrets = [secret for one in done for secret in one.secrets]
    assert len(secrets) == 11
    for secret in (*secrets, "query-is-secret"):
        assert secret not in text
        assert hash_secret(secret.encode()).hex()[:12] not in text


def test_the_details_say_what_has_changed(access: Access) -> None:
    list(change_everything(access))
    details = {one.action: one.details for one in entries(access)}
    assert details[Action.CHANNEL_ADD] == {"name": "Channel", "organizations": ["1001"]}
    assert details[Action.CHANNEL_GRANT] == {"organizations": ["1001"]}
    assert details[Action.APPLICATION_ROTATE_KEY] == {
        "oldKeysEnd": f"{NOW + timedelta(seconds=60):%Y-%m-%dT%H:%M:%SZ}"
    }
    assert details[Action.OPERATOR_CHANGE] == {
        "role": "box_office",
        "organizations": None,
        "oldRole": "support",
        "oldOrganizations": ["1001"],
    }
    assert details[Action.WEBHOOK_ADD] == {
        "channelCode": "channel",
        "url": "https://example.com/hook?***",
        "ownChanges": True,
    }


def test_a_refused_change_and_one_that_changes_nothing_are_not_recorded(access: Access) -> None:
    access.do(add_organization, "1001", "Arena")
    access.do(add_channel, "channel", "Channel", ["1001"])
    before = entries(access)
    with pytest.raises(NotDone):
        access.do(add_organization, "1001", "Arena")
    with pytest.raises(NotDone):
        access.do(remove_organization, "1001")
    access.do(grant, "channel", ["1001"])
    assert entries(access) == before


@pytest.fixture
def filled(database: Database) -> Iterator[Access]:
    """Four changes by two actors, one a minute."""
    for minute, actor in enumerate(("ann", "bob", "ann", "bob")):
        with at(database, minute * 60) as access:
            access.actor = Actor(actor, ACTOR.request_id, "198.51.100.9")
            access.do(add_organization, f"org-{minute}", "Arena")
    with at(database, 240) as access:
        yield access


def targets(found: Sequence[AuditEntry]) -> list[str]:
    """The organizations of entries, without what they have in common."""
    return [entry.target.removeprefix("org-") for entry in found]


def test_filters_and_order(filled: Access) -> None:
    assert targets(entries(filled)) == ["3", "2", "1", "0"]
    assert targets(entries(filled, actor="ann")) == ["2", "0"]
    assert targets(entries(filled, target="org-1")) == ["1"]
    assert targets(entries(filled, action="organization.add", actor="bob")) == ["3", "1"]
    assert entries(filled, action="organization.remove") == []
    assert entries(filled, actor="a\0") == []
    minutes = [NOW + timedelta(minutes=minute) for minute in range(4)]
    assert targets(entries(filled, since=minutes[1], until=minutes[3])) == ["2", "1"]


def test_pages_have_every_entry_once_while_others_are_added(filled: Access) -> None:
    found: list[AuditEntry] = []
    before: AuditPlace | None = None
    for number in range(4):
        page = filled.read(lambda seen: read_audit(seen, AuditFilters(), before, 1))  # noqa: B023
        found += page.entries
        before = page.next
        filled.do(add_organization, f"new-{number}", "Later")
    assert before is None
    assert targets(found) == ["3", "2", "1", "0"]


def test_entries_of_one_timestamp_are_in_order(access: Access) -> None:
    for number in range(3):
        access.do(add_organization, f"org-{number}", "Arena")
    first = access.read(lambda seen: read_audit(seen, AuditFilters(), None, 2))
    rest = access.read(lambda seen: read_audit(seen, AuditFilters(), first.next, 2))
    assert [*targets(first.entries), *targets(rest.entries)] == ["2", "1", "0"]


def test_a_period_that_ends_before_it_begins_is_refused(access: Access) -> None:
    filters = AuditFilters(since=NOW, until=NOW)
    with pytest.raises(InvalidRequest, match="Swap them"):
        access.read(lambda snapshot: read_audit(snapshot, filters, None, 1))


def test_old_client_addresses_are_erased_in_portions(filled: Access) -> None:
    before = NOW + timedelta(minutes=3)

    def erase(limit: int) -> int:
        return filled.commit(lambda inside: inside.audit.erase_addresses(before, limit))

    assert [erase(2), erase(2), erase(2)] == [2, 1, 0]
    addresses = [entry.client_address for entry in entries(filled)]
    assert addresses == ["198.51.100.9", None, None, None]


def test_changes_of_one_group_are_recorded_with_their_own_actors(access: Access) -> None:
    changes = [
        AccessChange(
            Actor(name, ACTOR.request_id),
            partial(add_organization, organization_id=name, name=name),
        )
        for name in ("ann", "bob")
    ]
    access.commit(partial(apply_group, changes))
    assert [(one.actor, one.target) for one in entries(access)] == [("bob", "bob"), ("ann", "ann")]
