"""The pages about callers and what they may see, as an administrator uses them."""

import re
from html import unescape

import httpx

from tests.console.console_client import Console
from tests.console.routes import BROWSER

Fields = dict[str, str | list[str]]
"""The fields of a form."""

SECRET = re.compile(r"<pre[^>]*>([A-Za-z0-9_-]{43})</pre>")
TAGS = re.compile(r"<[^>]*>")


def opened(console: Console, path: str) -> str:
    """The text of a page."""
    answer = console.get(path, {"Accept": BROWSER})
    assert answer.status_code == 200, answer.text
    return answer.text


def words(page: str) -> str:
    """What a person reads on a page: without tags, with single blanks."""
    return " ".join(unescape(TAGS.sub(" ", page)).split())


def did(console: Console, path: str, **fields: str | list[str]) -> str:
    """Send a form that leads to another page; returns that page's address."""
    answer = console.post(path, **fields)
    assert answer.status_code == 303, answer.text
    location: str = answer.headers["location"]
    return location


def secrets(console: Console, path: str, **fields: str | list[str]) -> list[str]:
    """Send a form whose response shows secrets, which no cache may keep; returns them."""
    answer = console.post(path, **fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found = SECRET.findall(answer.text)
    assert found, answer.text
    return found


def refused(console: Console, path: str, **fields: str | list[str]) -> tuple[int, str]:
    """Send a form that is refused; returns the status and the words of the page."""
    answer: httpx.Response = console.send(
        "POST",
        path,
        headers={"Origin": console.url, "Sec-Fetch-Site": "same-origin", "Accept": BROWSER},
        data={"csrf": console.csrf, **fields},
    )
    assert answer.status_code >= 400, answer.text
    return answer.status_code, words(answer.text)
