"""Webhooks over HTTP: what works, what is refused, who may do it, and what is never shown."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatlatch.domain.webhook import URL_CHARACTERS_MAX, url_problem
from seatlatch.operations.send_messages import TEST_MESSAGES_MAX
from seatlatch.operations.write_webhooks import WEBHOOKS_MAX
from seatlatch.operator_api.webhook_schemas import URL_PATTERN
from tests.cases import all_cases
from tests.databases import Database
from tests.operator_api.administrators import administer, audited, done, refusal
from tests.operator_api.webhook_calls import (
    ABSENT_MESSAGE,
    BODY,
    BOX_OFFICE_KEY,
    HIDDEN_URL,
    LIMITED_KEY,
    SUPPORT_KEY,
    URL,
    accepted,
    add,
    add_operators,
)
from tests.serving import CHANNEL, OTHER_CHANNEL, Served, serving

ABSENT = f"wh_{'0' * 32}"


@pytest.fixture
def served(inventory: Database) -> Iterator[Served]:
    add_operators(inventory)
    with serving(inventory) as served:
        yield served


def test_from_its_beginning_to_its_end(served: Served) -> None:
    added = add(served, ownChanges=True)
    secret = added.pop("secret")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    path = f"/webhooks/{added['webhookId']}"
    assert added == {
        "webhookId": added["webhookId"],
        "channelCode": CHANNEL,
        "url": HIDDEN_URL,
        "ownChanges": True,
        "state": "active",
        "reason": None,
        "failingSince": None,
        "successRate": None,
        "createdAt": added["createdAt"],
    }
    assert done(served, "GET", path) == added
    assert done(served, "GET", "/webhooks") == {"webhooks": [added], "next": None}
    changed = {**added, "ownChanges": False}
    assert done(served, "PATCH", path, {"ownChanges": False}) == changed
    moved = {**changed, "url": "https://8.8.4.4/"}
    assert done(served, "PATCH", path, {"url": "https://8.8.4.4/"}) == moved
    assert done(served, "PATCH", path, {}) == moved
    paused = {**moved, "state": "paused", "reason": "Paused by the operator."}
    assert done(served, "POST", path + "/pause") == paused
    assert done(served, "POST", path + "/resume") == moved
    rotated = administer(served, "POST", path + "/rotate-secret")
    assert rotated.headers["cache-control"] == "no-store"
    assert list(rotated.json()) == ["webhookId", "secret", "oldSecretEnds"]
    assert rotated.json()["secret"] != secret
    assert done(served, "DELETE", path) is None
    assert done(served, "GET", "/webhooks") == {"webhooks": [], "next": None}


def test_each_change_is_audited_without_a_secret(served: Served) -> None:
    added = add(served)
    webhook_id, path = added["webhookId"], f"/webhooks/{added['webhookId']}"
    done(served, "PATCH", path, {"url": "https://8.8.4.4/other?key=hidden", "ownChanges": True})
    done(served, "POST", path + "/pause")
    done(served, "POST", path + "/resume")
    secret = done(served, "POST", path + "/rotate-secret")["secret"]
    accepted(served, path + "/test")
    done(served, "DELETE", path)
    entries = audited(served, f"?target={webhook_id}")
    assert [(entry["action"], entry["actor"]) for entry in reversed(entries)] == [
        ("webhook.add", "administrator"),
        ("webhook.set_url", "administrator"),
        ("webhook.set_own_changes", "administrator"),
        ("webhook.pause", "administrator"),
        ("webhook.resume", "administrator"),
        ("webhook.rotate_secret", "administrator"),
        ("webhook.test", "support"),
        ("webhook.remove", "administrator"),
    ]
    assert entries[-2]["details"] == {
        "url": "https://8.8.4.4/other?***",
        "oldUrl": "https://8.8.8.8/seats?***",
    }
    text = json.dumps(entries)
    for hidden in ("key=", secret, added["secret"]):
        assert hidden not in text


def test_a_change_that_changes_nothing_is_not_audited(served: Served) -> None:
    added = add(served)
    path = f"/webhooks/{added['webhookId']}"
    done(served, "PATCH", path, {"url": URL, "ownChanges": False})
    assert accepted(served, path + "/replay", {}) == {
        "webhookId": added["webhookId"],
        "messages": 0,
    }
    assert [entry["action"] for entry in audited(served)] == ["webhook.add"]


def test_a_list_has_pages_in_order_of_channel_and_age(served: Served) -> None:
    names = [add(served)["webhookId"] for _ in range(3)]
    other = add(served, channelCode=OTHER_CHANNEL)["webhookId"]
    listed: list[str] = []
    after = ""
    for _ in range(2):
        page = done(served, "GET", f"/webhooks?limit=2{after}")
        listed += [one["webhookId"] for one in page["webhooks"]]
        after = f"&after={page['next']}"
    assert page["next"] is None
    assert listed == [other, *names]
    ours = done(served, "GET", f"/webhooks?channelCode={OTHER_CHANNEL}")
    assert [one["webhookId"] for one in ours["webhooks"]] == [other]
    assert done(served, "GET", "/webhooks?channelCode=nobody")["webhooks"] == []


@all_cases(
    ("method", "path", "body", "status"),
    [
        ("GET", "/webhooks?state=failing", b"", 422),
        ("GET", "/webhooks?limit=0", b"", 422),
        ("GET", "/webhooks?limit=1001", b"", 422),
        ("GET", "/webhooks?after=x", b"", 422),
        ("POST", "/webhooks", {**BODY, "url": "ftp://example.com/"}, 422),
        ("POST", "/webhooks", {**BODY, "url": "https://u:p@example.com/"}, 422),
        ("POST", "/webhooks", {**BODY, "url": HIDDEN_URL}, 422),
        ("POST", "/webhooks", {**BODY, "url": 1}, 422),
        ("POST", "/webhooks", {"url": URL}, 422),
        ("POST", "/webhooks", {**BODY, "channelCode": "no body"}, 422),
        ("POST", "/webhooks", {**BODY, "channelCode": "nobody"}, 404),
        ("POST", "/webhooks", {**BODY, "url": "http://127.0.0.1:9/"}, 409),
        ("POST", "/webhooks", {**BODY, "url": "http://169.254.169.254/latest"}, 409),
        ("POST", "/webhooks", {**BODY, "url": "https://no-such-host.invalid/"}, 409),
        ("PATCH", "/webhooks/ID", {"url": "http://10.0.0.1/"}, 409),
        ("PATCH", "/webhooks/ID", {"url": HIDDEN_URL}, 422),
        ("PATCH", "/webhooks/ID", {"url": None}, 422),
        ("PATCH", "/webhooks/ID", {"ownChanges": "yes"}, 422),
        ("GET", "/webhooks/ID/deliveries?failed=yes", b"", 422),
        ("GET", "/webhooks/ID/deliveries?limit=101", b"", 422),
        ("GET", "/webhooks/ID/deliveries?after=x", b"", 422),
        ("GET", f"/webhooks/ID/deliveries/{ABSENT_MESSAGE}", b"", 404),
        ("GET", "/webhooks/ID/deliveries/%FF", b"", 404),
        ("GET", "/webhooks/ID/deliveries/%00", b"", 404),
        ("POST", "/webhooks/ID/replay", b"", 400),
        ("POST", "/webhooks/ID/replay", {"messageIds": []}, 422),
        ("POST", "/webhooks/ID/replay", {"messageIds": ["x"] * 1_001}, 422),
        ("POST", "/webhooks/ID/replay", {"messageIds": ["\0"]}, 404),
        ("POST", "/webhooks/ID/replay", {"messageIds": [ABSENT_MESSAGE]}, 404),
        ("POST", "/webhooks/ID/replay", {"since": "yesterday"}, 422),
        ("POST", "/webhooks/ID/replay", {"since": "2026-11-23T12:00:00"}, 422),
        (
            "POST",
            "/webhooks/ID/replay",
            {"since": "2026-11-23T12:00:00Z", "messageIds": [ABSENT_MESSAGE]},
            422,
        ),
        *(
            (method, f"/webhooks/{webhook_id}{more}", {} if "replay" in more else body, 404)
            for webhook_id in (ABSENT, "x", "%FF", "%00")
            for method, more, body in (
                ("GET", "", b""),
                ("PATCH", "", {"ownChanges": True}),
                ("DELETE", "", b""),
                ("POST", "/pause", b""),
                ("POST", "/resume", b""),
                ("POST", "/rotate-secret", b""),
                ("POST", "/test", b""),
                ("POST", "/replay", b""),
                ("GET", "/deliveries", b""),
                ("GET", f"/deliveries/{ABSENT_MESSAGE}", b""),
            )
        ),
    ],
)
def test_what_is_refused(served: Served, method: str, path: str, body: Any, status: int) -> None:
    if "ID" in path:
        listed = done(served, "GET", "/webhooks")["webhooks"]
        webhook_id = listed[0]["webhookId"] if listed else add(served)["webhookId"]
        path = path.replace("ID", webhook_id)
    found, _, message = refusal(served, method, path, body)
    assert found == status, message
    assert "seatlatch " not in message  # no advice to run a command


def test_limits_and_states_conflict(served: Served) -> None:
    for _ in range(WEBHOOKS_MAX):
        added = add(served)
    assert refusal(served, "POST", "/webhooks", BODY)[:2] == (409, "CONFLICT")
    path = f"/webhooks/{added['webhookId']}"
    for _ in range(TEST_MESSAGES_MAX):
        accepted(served, path + "/test")
    status, kind, message = refusal(served, "POST", path + "/test")
    assert (status, kind, "the most" in message) == (409, "CONFLICT", True)
    done(served, "POST", path + "/pause")
    status, kind, message = refusal(served, "POST", path + "/test")
    assert (status, kind, "is paused" in message) == (409, "CONFLICT", True)


FOR_SUPPORT: tuple[tuple[str, str, Any], ...] = (
    ("GET", "", b""),
    ("GET", "/ID", b""),
    ("GET", "/ID/deliveries", b""),
    ("GET", f"/ID/deliveries/{ABSENT_MESSAGE}", b""),
    ("POST", "/ID/test", b""),
    ("POST", "/ID/replay", {}),
)
FOR_ADMIN: tuple[tuple[str, str, Any], ...] = (
    ("POST", "", BODY),
    ("PATCH", "/ID", {"ownChanges": True}),
    ("POST", "/ID/pause", b""),
    ("POST", "/ID/resume", b""),
    ("POST", "/ID/rotate-secret", b""),
    ("DELETE", "/ID", b""),
)


def test_support_reads_and_sends_and_only_an_administrator_changes(served: Served) -> None:
    webhook_id = add(served)["webhookId"]
    for key, allowed, forbidden in (
        (SUPPORT_KEY, FOR_SUPPORT, FOR_ADMIN),
        (BOX_OFFICE_KEY, FOR_SUPPORT, FOR_ADMIN),
        (LIMITED_KEY, (), FOR_SUPPORT + FOR_ADMIN),
    ):
        for calls, is_allowed in ((allowed, True), (forbidden, False)):
            for method, path, body in calls:
                at = "/webhooks" + path.replace("ID", webhook_id)
                answer = administer(served, method, at, body, key)
                assert (answer.status_code != 403) == is_allowed, (key, method, path)


def test_no_response_shows_a_secret_again(served: Served) -> None:
    added = add(served)
    path = f"/webhooks/{added['webhookId']}"
    message_id = accepted(served, path + "/test")["messageId"]
    for at in ("/webhooks", path, path + "/deliveries", f"{path}/deliveries/{message_id}"):
        text = administer(served, "GET", at).text
        assert added["secret"] not in text
        assert "key=secret" not in text


@given(st.from_regex(URL_PATTERN, fullmatch=True).filter(lambda u: len(u) <= URL_CHARACTERS_MAX))
def test_a_url_that_fits_the_schema_is_valid(url: str) -> None:
    assert url_problem(url.removesuffix("\n")) is None
