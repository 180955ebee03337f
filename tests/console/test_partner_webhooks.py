"""The partner view's pages of webhooks and keys."""

import re
from html import unescape

from tests.console.console_client import Console
from tests.console.partner_pages import BROWSER, PARTNER, partner_of, show, text_of
from tests.console.people import ADMIN
from tests.console.webhook_pages import ABSENT, ABSENT_MESSAGE, URL, add_endpoint, add_message, end
from tests.databases import ON_SQLITE
from tests.serving import APPLICATION, CHANNEL, OTHER_APPLICATION, OTHER_CHANNEL, Served

WEBHOOKS = PARTNER + "/webhooks"
HOSTILE = b"<script>alert(1)</script>\xff\x00"


def test_the_channel_s_endpoints_are_listed_with_their_state(served: Served) -> None:
    webhook_id = add_endpoint(served)
    failing = "UPDATE webhooks SET failing_since = ?, problem = ? WHERE webhook_id = ?"
    noon = "2026-11-23T12:00:00.000000+00:00"
    served.database.execute(failing, noon, "The receiver answered <b>500</b>.", webhook_id)
    page = show(partner_of(served), "/webhooks")
    text = text_of(page.text)
    assert f"{URL.partition('?')[0]}?***" in text
    assert "State failing The receiver answered <b>500</b>. Failing since 2026-11-23 12:00" in text
    assert f'href="{WEBHOOKS}/{webhook_id}"' in page.text
    assert "key=secret" not in page.text
    secret = served.database.table("webhooks")[0]["secret"]
    assert secret not in page.text
    assert secret not in show(partner_of(served), f"/webhooks/{webhook_id}").text
    other = text_of(show(partner_of(served, OTHER_CHANNEL), "/webhooks").text)
    assert other == "Webhooks The channel has no webhooks."


def test_messages_are_shown_with_payload_and_response(served: Served) -> None:
    webhook_id = add_endpoint(served)
    message_id = add_message(served, Console(served, ADMIN), webhook_id)
    end(served, message_id, response=HOSTILE)
    partner = partner_of(served)
    page = show(partner, f"/webhooks/{webhook_id}")
    assert "500 The receiver answered 500." in text_of(page.text)
    message = show(partner, f"/webhooks/{webhook_id}/messages/{message_id}")
    text = text_of(message.text)
    assert "State given up Kind test" in text
    assert '"messageEntity": "test"' in text
    assert "<script>alert" not in message.text
    assert "<script>alert(1)</script>\\xff" in text


def test_lists_of_messages(served: Served) -> None:
    webhook_id, console = add_endpoint(served), Console(served, ADMIN)
    waiting, lost = (add_message(served, console, webhook_id) for _ in range(2))
    end(served, lost)
    partner = partner_of(served)

    def ids(only: str) -> list[str]:
        page = show(partner, f"/webhooks/{webhook_id}?only={only}")
        return re.findall(r"<code>(msg_\w+)</code>", page.text)

    assert ids("all") == [lost, waiting]
    assert ids("pending") == [waiting]
    assert ids("given_up") == ids("failed") == [lost]
    assert partner.get(f"{WEBHOOKS}/{webhook_id}?only=x", BROWSER).status_code == 422


@ON_SQLITE
def test_messages_have_pages(served: Served) -> None:
    webhook_id, console = add_endpoint(served), Console(served, ADMIN)
    sent = []
    for _ in range(30):
        message_id = add_message(served, console, webhook_id)
        end(served, message_id)
        sent.append(message_id)
    partner = partner_of(served)
    first = show(partner, f"/webhooks/{webhook_id}")
    older = re.search(r'<a href="([^"]+)">Older messages', first.text)
    assert older is not None
    second = partner.get(unescape(older[1]))
    found = [re.findall(r"<code>(msg_\w+)</code>", page.text) for page in (first, second)]
    assert [*found[0], *found[1]] == sent[::-1]
    assert "Newest messages" in second.text
    for wrong in (unescape(older[1]) + "&only=failed", f"{WEBHOOKS}/{webhook_id}?after=x"):
        assert partner.get(wrong, BROWSER).status_code == 422


def test_another_channel_s_webhook_does_not_exist(served: Served) -> None:
    webhook_id = add_endpoint(served)
    message_id = add_message(served, Console(served, ADMIN), webhook_id)
    other = partner_of(served, OTHER_CHANNEL)
    for path in ("", f"/messages/{message_id}"):
        pages = [other.get(f"{WEBHOOKS}/{one}{path}", BROWSER) for one in (webhook_id, ABSENT)]
        assert [page.status_code for page in pages] == [404, 404]
        texts = [text_of(page.text).partition("Status")[0] for page in pages]
        assert texts[0].replace(webhook_id, ABSENT) == texts[1]
    partner = partner_of(served)
    for path in (f"/{webhook_id}/messages/{ABSENT_MESSAGE}", "/%00", "/%FF", "/a%2Fb"):
        assert partner.get(WEBHOOKS + path, BROWSER).status_code == 404


def test_of_keys_only_their_age_and_last_use_are_shown(served: Served) -> None:
    served.unlock("listed-1")
    page = show(partner_of(served), "/keys")
    text = text_of(page.text)
    assert f"{APPLICATION} Made Last used Ends" in text
    assert OTHER_APPLICATION not in page.text
    key_hash = served.database.table("api_keys")[0]["key_hash"]
    assert key_hash.hex()[:8] not in page.text
    assert "test-api-key" not in page.text


def test_a_channel_without_applications_has_no_keys(served: Served) -> None:
    with served.database.provisioning() as provisioning:
        provisioning.add_channel("new", "New", ["1001"])
    text = text_of(show(partner_of(served, "new"), "/keys").text)
    assert "The channel has no applications." in text
    assert CHANNEL not in text
