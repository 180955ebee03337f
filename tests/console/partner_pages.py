"""What tests of the partner view begin with: a link, and a partner who has opened it."""

import re
from html import unescape

import httpx

from tests.console.console_client import Console
from tests.console.people import ADMIN
from tests.serving import CHANNEL, Served

PARTNER = "/console/partner"
LINKS = "/console/partner-links"
OPEN = PARTNER + "/open"
COOKIE = "seatlatch_partner"
BROWSER = {"Accept": "text/html"}
LINK = re.compile(PARTNER + r"/[\w-]{43}")
TAG = re.compile(r"<[^>]*>")


def text_of(html: str) -> str:
    """A page's main part as people read it."""
    main = html[html.index("<main") :]
    return " ".join(unescape(TAG.sub(" ", main)).split())


def make_link(served: Served, channel: str = CHANNEL) -> str:
    """The path of a new link, which an administrator has made."""
    page = Console(served, ADMIN).post(LINKS, channelCode=channel)
    assert page.status_code == 200, page.text
    (path,) = set(LINK.findall(page.text))
    return str(path)


def open_link(person: Console, path: str) -> httpx.Response:
    """Press the button on the page of a link."""
    return person.post(OPEN, link=path.rpartition("/")[2])


def partner_of(served: Served, channel: str = CHANNEL) -> Console:
    """A partner who has opened a link of a channel."""
    person = Console(served, None)
    opened = open_link(person, make_link(served, channel))
    assert opened.status_code == 303, opened.text
    assert opened.headers["location"] == PARTNER
    return person


def show(person: Console, path: str = "") -> httpx.Response:
    """A page of the partner view."""
    page = person.get(PARTNER + path, BROWSER)
    assert page.status_code == 200, page.text
    return page
