"""Webhook commands: add, show, change, and their refusals."""

import base64
import json
from typing import Any

import pytest

from seatlatch.operations.send_messages import TEST_MESSAGES_MAX
from seatlatch.operations.write_webhooks import WEBHOOKS_MAX
from tests.cases import all_cases
from tests.cli.commands import done, run_here, run_on
from tests.cli.test_bad_databases import assert_one_sentence
from tests.cli.test_provisioning import assert_soon
from tests.databases import Database
from tests.serving import CHANNEL, OTHER_CHANNEL, fill, listed, serving

URL = "https://8.8.8.8/seats?key=secret"
OTHER_URL = "https://8.8.4.4/seats?key=other"
NOBODY_LISTENS = "http://127.0.0.1:9/seats"


@pytest.fixture
def database(database: Database) -> Database:
    fill(database, [listed("a"), listed("b")])
    return database


def did(database: Database, *arguments: str) -> Any:
    """The JSON document of a command that succeeds, within this process."""
    result = run_here(database, *arguments, "--json")
    assert (result.returncode, result.stderr) == (0, ""), result
    return json.loads(result.stdout)


def add(database: Database, *more: str) -> Any:
    added = did(database, "webhook", "add", URL, "--channel", CHANNEL, *more)
    secret = added.pop("secret")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    return added


def test_from_its_beginning_to_its_end(database: Database) -> None:
    assert did(database, "webhook", "list") == {"webhooks": []}
    added = add(database)
    created_at = added.pop("createdAt")
    assert_soon(created_at, 0)
    name = added.pop("webhookId")
    assert name.startswith("wh_")
    shown = {
        "channelCode": CHANNEL,
        "url": URL,
        "ownChanges": False,
        "state": "active",
        "reason": None,
        "failingSince": None,
        "successRate": None,
    }
    assert added == shown
    whole = {"webhookId": name, **shown, "createdAt": created_at}
    assert did(database, "webhook", "list") == {"webhooks": [whole]}
    assert did(database, "webhook", "show", name) == whole
    assert did(database, "webhook", "pause", name) == {"webhookId": name, "state": "paused"}
    paused = {**whole, "state": "paused", "reason": "Paused by the operator."}
    assert did(database, "webhook", "list") == {"webhooks": [paused]}
    assert did(database, "webhook", "resume", name) == {"webhookId": name, "state": "active"}
    assert did(database, "webhook", "list") == {"webhooks": [whole]}
    moved = did(database, "webhook", "set-url", name, OTHER_URL)
    assert moved == {"webhookId": name, "url": OTHER_URL, "state": "active"}
    assert did(database, "webhook", "list") == {"webhooks": [{**whole, "url": OTHER_URL}]}
    rotated = did(database, "webhook", "rotate-secret", name)
    assert_soon(rotated["oldSecretEnds"], 86_400)
    assert did(database, "webhook", "remove", name) == {"webhookId": name}
    assert did(database, "webhook", "list") == {"webhooks": []}


def test_a_webhook_on_a_private_network_is_added_if_that_is_listed(database: Database) -> None:
    adding = ("webhook", "add", "http://10.1.2.3/seats", "--channel", CHANNEL, "--json")
    refused = run_on(database, *adding, SEATLATCH_WEBHOOK_NETWORKS="192.168.0.0/16")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "neither public" in refused.stderr
    added = run_on(database, *adding, SEATLATCH_WEBHOOK_NETWORKS="192.168.0.0/16,10.0.0.0/8")
    assert (added.returncode, added.stderr) == (0, "")


def test_what_failed_is_shown_and_sent_again(database: Database) -> None:
    """Nothing listens at the URL; the log of the endpoint says so, without a secret."""
    added = ("webhook", "add", NOBODY_LISTENS, "--channel", CHANNEL, "--own-changes", "--json")
    result = run_on(database, *added, SEATLATCH_WEBHOOK_ADDRESSES="loopback")
    name = json.loads(result.stdout)["webhookId"]
    with serving(database, webhook_addresses="loopback") as served:
        assert served.unlock("a").status_code == 200
        shown: Any = {"messages": []}
        for _ in range(20):
            if not shown["messages"]:
                shown = done(database, "webhook", "deliveries", name, "--failed")
    (message,) = shown["messages"]
    assert message["state"] == "pending"
    assert message["attempts"] >= 1
    assert message["status"] is None
    assert message["problem"] == "The host refused the connection or cannot be reached."
    assert message["nextAttemptAt"] > message["attemptedAt"]
    assert message["milliseconds"] is not None
    lines = run_on(database, "webhook", "deliveries", name).stdout
    assert message["messageId"] in lines
    (listed_webhook,) = done(database, "webhook", "list")["webhooks"]
    assert (listed_webhook["state"], listed_webhook["successRate"]) == ("failing", 0.0)
    assert listed_webhook["reason"] == message["problem"]
    assert "Fails since" in run_on(database, "webhook", "show", name).stdout
    again = done(database, "webhook", "replay", name, message["messageId"])
    assert again == {"webhookId": name, "messages": 1}
    (restarted,) = done(database, "webhook", "deliveries", name)["messages"]
    assert restarted["attempts"] == 0


@all_cases(
    ("arguments", "code", "word"),
    [
        (("add", "ftp://example.com/", "--channel", CHANNEL), 2, "https://"),
        (("add", "https://u:p@example.com/", "--channel", CHANNEL), 2, "password"),
        (("add", URL, "--channel", "nobody"), 1, "no channel nobody"),
        (("add", URL, "--channel", "no body"), 2, "channel code"),
        (("add", "http://10.0.0.1/", "--channel", CHANNEL), 1, "neither public"),
        (("add", NOBODY_LISTENS, "--channel", CHANNEL), 1, "neither public"),
        (("add", "http://2852039166/", "--channel", CHANNEL), 1, "neither public"),
        (("add", "http://no-such-host.invalid/", "--channel", CHANNEL), 1, "resolved"),
        (("pause", "wh_none"), 1, "no webhook"),
        (("resume", "wh_none"), 1, "no webhook"),
        (("remove", "wh_none"), 1, "no webhook"),
        (("rotate-secret", "wh_none"), 1, "no webhook"),
        (("deliveries", "wh_none"), 1, "no webhook"),
        (("replay", "wh_none", "--failed"), 1, "no webhook"),
        (("replay", "wh_none", "msg_none"), 1, "no webhook"),
        (("pause", "\udcff"), 1, "no webhook"),
        (("deliveries", "\udcff"), 1, "no webhook"),
        (("replay", "wh_none"), 2, "MESSAGE_ID"),
        (("replay", "wh_none", "msg_none", "--failed"), 2, "MESSAGE_ID"),
        (("replay", "wh_none", "--failed", "--since", "2026-11-23T12:00:00Z"), 2, "MESSAGE_ID"),
        (("replay", "wh_none", "--since", "yesterday"), 2, "--since"),
        (("replay", "wh_none", "--since", "2026-11-23T12:00:00Z"), 1, "no webhook"),
        (("show", "wh_none"), 1, "no webhook"),
        (("show", "\udcff"), 1, "no webhook"),
        (("test", "wh_none"), 1, "no webhook"),
        (("set-url", "wh_none", URL), 1, "no webhook"),
        (("set-url", "wh_none", "ftp://example.com/"), 2, "https://"),
        (("set-url", "wh_none", "https://8.8.8.8/?***"), 2, "hidden"),
        (("set-url", "wh_none", NOBODY_LISTENS), 1, "neither public"),
        (("deliveries", "wh_none", "--message", "msg_none"), 1, "no webhook"),
        (("deliveries", "wh_none", "--message", "msg_none", "--failed"), 2, "--message"),
        (("deliveries", "wh_none", "--limit", "0"), 2, "--limit"),
        (("deliveries", "wh_none", "--limit", "1001"), 2, "--limit"),
    ],
)
def test_what_is_refused(
    database: Database, arguments: tuple[str, ...], code: int, word: str
) -> None:
    result = run_here(database, "webhook", *arguments)
    assert result.returncode == code
    assert_one_sentence(result.stderr)
    assert word in result.stderr
    assert "p@" not in result.stderr


def test_a_message_is_shown_with_its_payload_and_the_response(database: Database) -> None:
    name = add(database)["webhookId"]
    message_id = did(database, "webhook", "test", name)["messageId"]
    body = "UPDATE webhook_messages SET attempts = 2, status = 500, milliseconds = 1234"
    database.execute(f"{body}, problem = ?, response_body = ?", "It failed.", b"oh\x1b\n\xff")
    shown = did(database, "webhook", "deliveries", name, "--message", message_id)
    message = shown["message"]
    assert shown == {"webhookId": name, "message": message}
    assert message["payload"]["metadata"] == {"messageEntity": "test"}
    assert (message["messageEntity"], message["state"]) == ("test", "pending")
    assert (message["status"], message["milliseconds"], message["attempts"]) == (500, 1234, 2)
    assert message["responseBody"] == "oh\x1b\n\\xff"
    assert message["nextAttemptAt"]
    result = run_here(database, "webhook", "deliveries", name, "--message", message_id)
    assert "500 after 1,234 ms" in result.stdout
    assert "  oh\\x1b\n  \\xff\n" in result.stdout
    assert '"messageEntity":"test"' in result.stdout
    unknown = f"msg_{'0' * 32}"
    for asked in (unknown, "msg_none", "\udcff"):
        result = run_here(database, "webhook", "deliveries", name, "--message", asked)
        assert result.returncode == 1
        assert_one_sentence(result.stderr)


def test_no_test_is_queued_for_a_paused_webhook_and_few_for_another(database: Database) -> None:
    name = add(database)["webhookId"]
    for _ in range(TEST_MESSAGES_MAX):
        did(database, "webhook", "test", name)
    result = run_here(database, "webhook", "test", name)
    assert (result.returncode, result.stdout) == (1, "")
    assert "the most" in result.stderr
    did(database, "webhook", "pause", name)
    result = run_here(database, "webhook", "test", name)
    assert "seatlatch webhook resume" in result.stderr
    result = run_here(database, "webhook", "set-url", name, OTHER_URL)
    assert "It is paused" in result.stdout


def test_those_given_up_since_then_are_sent_again(database: Database) -> None:
    name = add(database)["webhookId"]
    did(database, "webhook", "test", name)
    given_up_at = "2026-11-23T12:00:00.000000+00:00"
    database.execute(
        "UPDATE webhook_messages SET state = 'given_up', attempted_at = ?", given_up_at
    )
    result = run_here(database, "webhook", "replay", name, "--since", "2026-11-23T12:00:01Z")
    assert (result.returncode, result.stdout) == (1, "")
    assert "since then" in result.stderr
    replayed = did(database, "webhook", "replay", name, "--since", "2026-11-23T13:00:00+01:00")
    assert replayed == {"webhookId": name, "messages": 1}


def test_there_is_nothing_to_send_again(database: Database) -> None:
    name = add(database)["webhookId"]
    for asked in ("--failed", "msg_none", f"msg_{'0' * 32}", "\udcff"):
        result = run_here(database, "webhook", "replay", name, asked)
        assert result.returncode == 1
        assert_one_sentence(result.stderr)


def test_those_of_a_channel_are_listed_alone(database: Database) -> None:
    ours = add(database)
    did(database, "webhook", "add", URL, "--channel", OTHER_CHANNEL)
    assert len(did(database, "webhook", "list")["webhooks"]) == 2
    assert did(database, "webhook", "list", "--channel", CHANNEL) == {"webhooks": [ours]}
    assert did(database, "webhook", "list", "--channel", "\udcff") == {"webhooks": []}


def test_a_channel_has_so_many_at_most(database: Database) -> None:
    for _ in range(WEBHOOKS_MAX):
        run_here(database, "webhook", "add", URL, "--channel", CHANNEL)
    result = run_here(database, "webhook", "add", URL, "--channel", CHANNEL)
    assert result.returncode == 1
    assert "the most" in result.stderr


def test_a_channel_with_webhooks_stays(database: Database) -> None:
    did(database, "app", "revoke", "com.example.test")
    database.execute("UPDATE tickets SET mpreserve = ?, mpreserve_channel = NULL", False)
    name = add(database)["webhookId"]
    result = run_here(database, "channel", "remove", CHANNEL)
    assert result.returncode == 1
    assert "1 webhook." in result.stderr
    did(database, "webhook", "remove", name)
    did(database, "channel", "remove", CHANNEL)
