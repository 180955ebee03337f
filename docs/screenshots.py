"""Takes pictures of the console: `python -m docs.screenshots [FOLDER]`, with Chromium.

Without a folder only those that the pages show, in docs/images/console. With one, every page of the
console goes there: in light and dark, and on a phone.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from playwright.sync_api import Browser, TimeoutError

from docs.generate import ROOT
from seatlatch.sandbox import data
from seatlatch.sandbox.data import venue_token
from tests.browser import chromium
from tests.console.console_client import SIGN_IN, Console
from tests.console.routes import BROWSER, console_routes, pages_in, path_of
from tests.operator_api.administrators import administer
from tests.sandbox.sandboxes import Sandbox, sandbox_on
from tests.serving import LOCK
from tests.sqlite_database import SqliteDatabase
from tests.webhooks.receivers import answering, receiver_in_thread

IMAGES = ROOT / "docs" / "images" / "console"
SETTLED_MILLISECONDS = 3_000
REQUEST = "5f1c8a52-3c1e-4a55-9d0b-7f6f4c1f0a11"
LISTED = venue_token(101, "C", 7)


class Look(NamedTuple):
    """How a page is seen."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]


LIGHT = Look("light", 1280, 860, "light")
DARK = Look("dark", 1280, 860, "dark")
PHONE = Look("phone", 390, 844, "light")

SHOWN = {
    "home": ("home", DARK),
    "event": ("events-organizationId-accessId", LIGHT),
    "ticket": ("tickets-token", LIGHT),
    "request": ("requests-requestId", LIGHT),
}
"""The pictures of the documentation: by their names, the page of the console and its look."""


def take(browser: Browser, sandbox: Sandbox, paths: dict[str, str], folder: Path) -> None:
    """Every page in every look."""
    for look in (LIGHT, DARK, PHONE):
        shoot(browser, sandbox, paths, look, folder, f"-{look.name}")


def take_shown(browser: Browser, sandbox: Sandbox, paths: dict[str, str], folder: Path) -> None:
    """The pictures of the documentation."""
    for name, (page, look) in SHOWN.items():
        shoot(browser, sandbox, {name: paths[page]}, look, folder)


def shoot(
    browser: Browser,
    sandbox: Sandbox,
    paths: dict[str, str],
    look: Look,
    folder: Path,
    ending: str = "",
) -> None:
    """The pages at some paths, as the sandbox's operator sees them."""
    with browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme=look.scheme,
        reduced_motion="reduce",
        timezone_id="America/New_York",
        locale="en-US",
    ) as context:
        page = context.new_page()
        page.goto(sandbox.url + SIGN_IN)
        if "sign-in" in paths:
            page.screenshot(path=folder / f"sign-in{ending}.png")
        page.click("form:has(input[name=key]) button")
        page.wait_for_url(lambda url: SIGN_IN not in url)
        for name, path in paths.items():
            if path != SIGN_IN:
                page.goto(sandbox.url + path)
                with suppress(TimeoutError):  # a page that waits for news is never idle
                    page.wait_for_load_state("networkidle", timeout=SETTLED_MILLISECONDS)
                page.screenshot(path=folder / f"{name}{ending}.png")


def paths_in(sandbox: Sandbox, names: dict[str, str], folder: Path) -> dict[str, str]:
    """The path of every page of the console, by the name of its picture."""
    person = Console(sandbox, data.OPERATOR_KEY)
    paths = {"sign-in": SIGN_IN}
    for spec in pages_in(console_routes(folder)):
        path = path_of(spec, names)
        answer = person.get(path, {"Accept": BROWSER})
        if answer.status_code == 200 and answer.text.startswith("<!doctype html>"):
            words = re.findall(r"[\w-]+", spec.path.removeprefix("/console"))
            paths["-".join(words) or "home"] = path
    return paths


@contextmanager
def busy_sandbox(folder: Path) -> Iterator[tuple[Sandbox, dict[str, str]]]:
    """A sandbox in which things have happened, and the names of some."""
    database = SqliteDatabase.made(folder / "sandbox.db", "sandbox")
    with receiver_in_thread(answering(503)) as receiver, sandbox_on(database, receiver.url) as one:
        yield one, happened(one)


def happened(sandbox: Sandbox) -> dict[str, str]:
    """Let the channel and the box office do what they do all day."""
    listing = {"externalListingId": "L-5521", "tokens": [{"token": LISTED}]}
    sandbox.unlock(LISTED)
    body = {"source": "MY_ACCOUNT", "listing": listing}
    sandbox.call("PUT", LOCK, body)
    for row in "ABCDEFGH":
        sandbox.unlock(*(venue_token(102, row, seat) for seat in range(1, 13)))
    sandbox.unlock(venue_token(109, "A", 1), venue_token(109, "F", 1), venue_token(103, "B", 2))
    sandbox.unlock("98973476444", "67889833903898", Request_ID=REQUEST)
    held = [venue_token(104, row, seat) for row in "CD" for seat in range(5, 15)]
    hold = {"tokens": held, "status": "LOCK", "reason": "camera platform", "overListing": True}
    operate(sandbox, "PUT", "/tickets/status", hold)
    operate(sandbox, "PUT", "/tickets/void", {"tokens": [venue_token(105, "J", 20)]})
    (webhook,) = operate(sandbox, "GET", "/webhooks")["webhooks"]
    path = f"/webhooks/{webhook['webhookId']}"
    message = operate(sandbox, "POST", f"{path}/test")
    return {
        "token": LISTED,
        "accessId": data.EVENT,
        "requestId": REQUEST,
        "organizationId": data.ORGANIZATION,
        "channelCode": data.CHANNEL,
        "applicationId": data.APPLICATION,
        "operatorName": data.OPERATOR,
        "webhookId": webhook["webhookId"],
        "messageId": message["messageId"],
    }


def operate(sandbox: Sandbox, method: str, path: str, body: Any = b"") -> Any:
    """A call of the box office."""
    answer = administer(sandbox, method, path, body, data.OPERATOR_KEY)
    answer.raise_for_status()
    return answer.json()


def main() -> None:
    """Take the pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, busy_sandbox(Path(name)) as (sandbox, names):
        paths = paths_in(sandbox, names, Path(name))
        with chromium() as browser:
            (take_shown if folder == IMAGES else take)(browser, sandbox, paths, folder)


if __name__ == "__main__":
    main()
