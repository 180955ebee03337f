"""A real browser that reaches nothing but this machine opens the reference and tries it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.docs.running import sandbox
from tests.reference.tools import chromium
from tests.serving import make_inventory, serving

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
PATIENCE_MILLISECONDS = 60_000
STATUS = ".live-responses-table .response .response-col_status"
DETAILS = ".live-responses-table .response .response-col_description"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a network."""
    path = chromium()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that complains of nothing and asks nobody else."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    assert complaints == []
    assert asked
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:"))] == []
    context.close()


def test_the_unlock_example_is_tried_and_answered(page: Page, tmp_path: Path) -> None:
    with sandbox(tmp_path) as about:
        page.goto(about["url"] + "/docs#/Tickets/unlockTickets")
        page.click(".opblock.is-open .execute")
        assert page.inner_text(STATUS) == "200"
        assert '"98973476444"' in page.inner_text(DETAILS)

        page.click("text=Box office")
        page.click("#operations-Tickets-showTicket .opblock-summary-control")
        page.fill("#operations-Tickets-showTicket tr[data-param-name=token] input", "201010101")
        page.click(".opblock.is-open .execute")
        assert page.inner_text(STATUS) == "200"


def test_a_server_that_is_no_sandbox_fills_in_no_credentials(page: Page, tmp_path: Path) -> None:
    with serving(make_inventory(tmp_path / "inventory.db")) as served:
        page.goto(served.url + "/docs#/Tickets/unlockTickets")
        page.wait_for_selector(".opblock.is-open .execute")
        filled = {
            name: page.input_value(f".opblock.is-open tr[data-param-name={name}] input")
            for name in ("User-Agent", "PAC-Application-ID", "PAC-API-Key", "PAC-Channel-Code")
        }
        assert filled.pop("User-Agent") == "MyApplication/1.0"
        assert set(filled.values()) == {""}
        assert page.locator(".btn.authorize.unlocked").count() > 0
