"""The messages of webhooks in the console: lists, payload and response, tests and replays."""

import json
import re
from urllib.parse import quote

import pytest

from tests.console.console_client import Console
from tests.console.people import ADMIN, READ, SUPPORT
from tests.console.webhook_pages import (
    ABSENT,
    ABSENT_MESSAGE,
    PAGE,
    add_endpoint,
    add_message,
    end,
    row_of,
    text_of,
)
from tests.databases import ON_SQLITE, Database
from tests.operator_api.administrators import audited
from tests.serving import Served, serving
from tests.waiting import until
from tests.webhooks.receivers import Received, receiver_in_thread

HOSTILE = b'</pre><script>alert(1)</script>\xe2\x80\xae\x00\xff "quoted"'


def messages_in(html: str) -> list[str]:
    """The ids of the messages of a list, in its order."""
    return re.findall(r"<code>(msg_[0-9a-f]{32})</code>", html)


def test_messages_are_listed_by_state_and_page(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatlatch.console.webhooks.PAGE_MESSAGES", 2)
    page, console = f"{PAGE}/{add_endpoint(served)}", Console(served, SUPPORT)
    ids = [add_message(served, console, page.rpartition("/")[2]) for _ in range(5)]
    end(served, ids[0])
    end(served, ids[1], "delivered", 204, None)
    end(served, ids[2], "pending", None, "The receiver did not answer.", None)
    first = console.get(page).text
    assert messages_in(first) == [ids[4], ids[3]]
    assert "hx-trigger" in first
    found = re.search(r'href="([^"]*after=[^"]*)"', text_of(first))
    assert found
    second = console.get(found[1]).text
    assert messages_in(second) == [ids[2], ids[1]]
    assert "hx-trigger" not in second
    lists = {"failed": [2, 0], "pending": [4, 3], "given_up": [0], "all": [4, 3]}
    for only, expected in lists.items():
        shown = messages_in(console.get(f"{page}?only={only}").text)
        assert shown == [ids[number] for number in expected]
    after = quote(found[1].partition("after=")[2])
    assert console.get(f"{page}?only=failed&after={after}").status_code == 422
    assert console.get(f"{page}?only=nonsense").status_code == 422


def test_a_message_is_shown_with_payload_and_response(served: Served) -> None:
    webhook_id, console = add_endpoint(served), Console(served, SUPPORT)
    message_id = add_message(served, console, webhook_id)
    page = f"{PAGE}/{webhook_id}/messages/{message_id}"
    waiting = console.get(page).text
    assert "It has not been sent yet." in waiting
    assert "every 2s" in waiting
    end(served, message_id, response=b'{"error":{"code":7}}')
    shown = text_of(console.get(page).text)
    assert "given up" in shown
    assert "<dd>500</dd>" in shown
    assert "took 5 ms" in shown
    assert '{ "error": { "code": 7 } }' in shown
    assert '"metadata": { "messageEntity": "test" }' in shown
    assert "hx-trigger" not in shown
    assert "The receiver answered 500." in shown


def test_hostile_texts_are_escaped(served: Served) -> None:
    webhook_id, console = add_endpoint(served), Console(served, SUPPORT)
    message_id = add_message(served, console, webhook_id)
    end(served, message_id, problem="<img src=x>", response=HOSTILE)
    body = json.dumps({"seats": ["</pre><script>alert(2)</script>\u202e"]})
    served.database.execute("UPDATE webhook_messages SET body = ?", body)
    page = console.get(f"{PAGE}/{webhook_id}/messages/{message_id}").text
    listed = console.get(f"{PAGE}/{webhook_id}").text
    assert "alert(1)" in page
    assert "alert(2)" in page
    for text in (page, listed):
        assert "<script>" not in text
        assert "<img" not in text
        assert "&lt;img src=x&gt;" in text
        assert not set("\u202e\x00") & set(text)
    assert "\\u202e\\x00\\xff &#34;quoted&#34;" in page


def test_long_texts_are_cut(served: Served) -> None:
    webhook_id, console = add_endpoint(served), Console(served, SUPPORT)
    message_id = add_message(served, console, webhook_id)
    end(served, message_id, response=b"[" * 1_024)
    served.database.execute("UPDATE webhook_messages SET body = ?", json.dumps(["x" * 200_000]))
    page = console.get(f"{PAGE}/{webhook_id}/messages/{message_id}").text
    assert len(page) < 60_000
    assert "Only its start is shown." in page
    assert "Only the first 1,024 bytes of a response are kept." in page


@pytest.mark.parametrize(
    ("response", "said"), [(b"", "The response had no body."), (None, "There was no response.")]
)
def test_an_absent_body_is_said(served: Served, response: bytes | None, said: str) -> None:
    webhook_id, console = add_endpoint(served), Console(served, SUPPORT)
    message_id = add_message(served, console, webhook_id)
    end(served, message_id, status=None, response=response)
    page = console.get(f"{PAGE}/{webhook_id}/messages/{message_id}").text
    assert said in page
    assert "no response" in page


def test_support_replays_one_message(served: Served) -> None:
    webhook_id, console = add_endpoint(served), Console(served, SUPPORT)
    message_id = add_message(served, console, webhook_id)
    end(served, message_id, "delivered", 204, None)
    page = f"{PAGE}/{webhook_id}/messages/{message_id}"
    assert Console(served, READ).post(f"{page}/replay").status_code == 403
    assert row_of(served, message_id)["state"] == "delivered"
    replayed = console.post(f"{page}/replay")
    assert (replayed.status_code, replayed.headers["location"]) == (303, page)
    assert row_of(served, message_id)["state"] == "pending"
    (entry,) = audited(served, "?action=webhook.replay")
    assert (entry["actor"], entry["target"]) == (SUPPORT, webhook_id)


def test_support_replays_all_that_were_given_up_since(served: Served) -> None:
    webhook_id, console = add_endpoint(served), Console(served, SUPPORT)
    page = f"{PAGE}/{webhook_id}"
    ids = [add_message(served, console, webhook_id) for _ in range(3)]
    for day, message_id in enumerate(ids, 21):
        end(served, message_id, at=f"2026-11-{day}T12:00:00.000000+00:00")
    sent = console.post(f"{page}/replay", since="2026-11-22T13:00:00+01:00")
    assert (sent.status_code, sent.headers["location"]) == (303, f"{page}?sent=2")
    assert "2 messages are sent again." in console.get(sent.headers["location"]).text
    states = [row_of(served, one)["state"] for one in ids]
    assert states == ["given_up", "pending", "pending"]
    assert "1 message is sent again." in console.get(console_location(console, page)).text
    assert row_of(served, ids[0])["state"] == "pending"
    for since in ("2026-11-22T13:00", "yesterday", "9999-99-99T00:00:00Z"):
        assert console.post(f"{page}/replay", since=since).status_code == 422


def console_location(console: Console, page: str) -> str:
    """The page that follows a replay of all."""
    return str(console.post(f"{page}/replay").headers["location"])


def test_a_message_that_does_not_exist_is_not_found(served: Served) -> None:
    webhook_id, console = add_endpoint(served), Console(served, ADMIN)
    message_id = add_message(served, console, webhook_id)
    other = add_endpoint(served)
    for path in (
        f"{PAGE}/{webhook_id}/messages/{ABSENT_MESSAGE}",
        f"{PAGE}/{other}/messages/{message_id}",
        f"{PAGE}/{ABSENT}/messages/{message_id}",
        f"{PAGE}/{webhook_id}/messages/%FF",
        f"{PAGE}/{webhook_id}/messages/%00",
    ):
        assert console.get(path).status_code == 404, path
        assert console.post(f"{path}/replay").status_code == 404, path
    assert (
        Console(served, READ).get(f"{PAGE}/{webhook_id}/messages/{message_id}").status_code == 403
    )


def test_no_more_tests_wait_than_over_http(served: Served) -> None:
    webhook_id, console = add_endpoint(served), Console(served, SUPPORT)
    for _ in range(10):
        add_message(served, console, webhook_id)
    refused = console.post(f"{PAGE}/{webhook_id}/test")
    assert refused.status_code == 409
    assert "10 test messages are waiting" in refused.text


@ON_SQLITE
def test_a_test_event_arrives(inventory: Database) -> None:
    """From the button to the delivery with the receiver's response."""

    async def respond(_received: Received) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"

    with (
        receiver_in_thread(respond) as receiver,
        serving(inventory, console="on", webhook_addresses="loopback") as served,
    ):
        webhook_id = add_endpoint(served, receiver.url, is_sent_to=True)
        console = Console(served, SUPPORT)
        message_id = add_message(served, console, webhook_id)
        until(lambda: row_of(served, message_id)["state"] == "delivered")
        page = console.get(f"{PAGE}/{webhook_id}/messages/{message_id}").text
        assert '<span class="badge good">delivered</span>' in page
        assert ">fine</pre>" in page
        assert receiver.received[0].message_id == message_id
