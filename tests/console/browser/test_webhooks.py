"""The pages of webhooks in a browser: a test event, replays, and an administrator's forms."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.console_client import Console
from tests.console.people import ADMIN, SUPPORT
from tests.console.webhook_pages import PAGE, add_endpoint, add_message, end, row_of
from tests.databases import ON_SQLITE, Database
from tests.serving import CHANNEL, Served, serving
from tests.webhooks.receivers import Received, Receiver, receiver_in_thread


async def respond(_received: Received) -> bytes:
    """The response of a receiver in order."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"


@pytest.fixture
def receiving(inventory: Database) -> Iterator[tuple[Served, Receiver]]:
    """A server that may send to a receiver on loopback."""
    with (
        receiver_in_thread(respond) as receiver,
        serving(inventory, console="on", webhook_addresses="loopback") as served,
    ):
        yield served, receiver


@ON_SQLITE
def test_a_test_event_is_sent_and_its_delivery_appears(
    console_page: ConsolePages, receiving: tuple[Served, Receiver]
) -> None:
    served, receiver = receiving
    webhook_id = add_endpoint(served, receiver.url, is_sent_to=True)
    page = console_page(served, SUPPORT, f"{PAGE}/{webhook_id}")
    require_accessible(page)
    page.get_by_role("button", name="Send a test event").click()
    expect(page.locator("#delivery .badge")).to_have_text("delivered")
    expect(page.get_by_role("region", name="Body of the response")).to_have_text("fine")
    require_accessible(page)
    assert receiver.received[0].message_id in page.url
    page.get_by_role("button", name="Send it again").click()
    expect(page.locator("#delivery .badge")).to_have_text("delivered")
    assert len(receiver.received) == 2


def test_support_replays_what_was_given_up_since_a_local_time(
    console_page: ConsolePages, served: Served
) -> None:
    webhook_id = add_endpoint(served)
    console = Console(served, SUPPORT)
    ids = [add_message(served, console, webhook_id) for _ in range(2)]
    for hour, message_id in zip((12, 14), ids, strict=True):
        end(served, message_id, at=f"2026-07-01T{hour}:00:00.000000+00:00")
    page = console_page(served, SUPPORT, f"{PAGE}/{webhook_id}?only=given_up")
    zone = page.context.new_cdp_session(page)
    zone.send("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Berlin"})
    require_accessible(page)
    page.get_by_label("Send again the messages given up since").fill("2026-07-01T15:00")
    page.get_by_role("button", name="Send again").click()
    page.get_by_text("1 message is sent again.").wait_for()
    assert [row_of(served, one)["state"] for one in ids] == ["given_up", "pending"]
    require_accessible(page)


@ON_SQLITE
def test_a_list_that_is_renewed_keeps_the_focus(console_page: ConsolePages, served: Served) -> None:
    webhook_id = add_endpoint(served)
    message_id = add_message(served, Console(served, SUPPORT), webhook_id)
    page = console_page(served, SUPPORT, f"{PAGE}/{webhook_id}")
    page.get_by_role("link", name=message_id).focus()
    end(served, message_id)
    expect(page.locator("#messages .badge")).to_have_text("given up")
    assert page.evaluate("() => document.activeElement.id") == message_id


@ON_SQLITE
def test_an_administrator_adds_pauses_and_removes_an_endpoint(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, ADMIN, PAGE)
    require_accessible(page)
    form = page.locator("form", has=page.get_by_label("URL"))
    form.get_by_label("Channel", exact=True).fill(CHANNEL)
    form.get_by_label("URL").fill("https://8.8.8.8/seats")
    page.get_by_role("button", name="Add the endpoint").click()
    page.get_by_text("It is shown only once").wait_for()
    require_accessible(page)
    page.get_by_role("link", name="Go to the endpoint").click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Nothing is sent, and messages wait.").wait_for()
    require_accessible(page)
    page.get_by_text("Remove the endpoint").click()
    page.get_by_label("Remove it with all its messages, for good").check()
    require_accessible(page)
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_text("No endpoint yet.").wait_for()
    assert served.database.table("webhooks") == []
