"""What tests of the pages of requests read in them, and the requests that they begin with."""

import re
from html import unescape

import httpx

from tests.channel_api.journal import OTHER
from tests.console.console_client import Console
from tests.operator_api.box_office import hold
from tests.serving import Served

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"
REQUESTS = "/console/requests"
HOSTILE = "<script>alert(1)</script>'\"&"
ROW = re.compile(r"<tr>\s*<td>.*?</tr>", re.DOTALL)
CELL = re.compile(r"<td>(.*?)</td>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
UNKNOWN = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b3"


def text_of(html: str) -> str:
    """A piece of a page as people read it."""
    return " ".join(unescape(TAG.sub(" ", html)).split())


def rows(page: httpx.Response) -> list[list[str]]:
    """The rows of a list, as texts: time, request, response, caller, details, Request-ID."""
    assert page.status_code == 200, page.text
    return [[text_of(cell) for cell in CELL.findall(row)] for row in ROW.findall(page.text)]


def listed(console: Console, **query: str) -> list[tuple[str, str]]:
    """The request and the response of each row."""
    return [(row[1], row[2]) for row in rows(console.get(REQUESTS, None, **query))]


def make_requests(served: Served) -> None:
    """Requests of every kind, the oldest first."""
    served.unlock("listed-1", "unknown", request_id=ID)
    served.lock("not-listed", **OTHER)
    served.put({"tokens": []})
    hold(served, "listed-2", overListing=True)
    served.unlock("listed-2")


ALL = [
    ("unlock", "409 1 failed"),
    ("hold", "200 1 done"),
    ("unlock", "422 refused"),
    ("lock", "200 1 done"),
    ("unlock", "207 1 done, 1 failed"),
]


def live(console: Console, page: httpx.Response) -> httpx.Response:
    """The next response to a page's script."""
    found = re.search(r'hx-get="([^"]+)"', page.text)
    assert found is not None
    return console.get(unescape(found[1]), {"HX-Request": "true"})


def show(console: Console, request_id: str, **query: str) -> httpx.Response:
    """The page of a request."""
    page = console.get(f"{REQUESTS}/{request_id}", {"Accept": "text/html"}, **query)
    assert page.status_code == 200, page.text
    return page
