"""A person's calls to the console without a browser: cookies are kept, and forms have a token."""

import re
from collections.abc import Mapping
from html import unescape

import httpx

from tests.serving import Served
from tests.web import TLS

SIGN_IN = "/console/sign-in"
COOKIE = "seatlatch_console"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = re.compile(r"""<input\b(?=[^>]*\bname="csrf")[^>]*\bvalue="([^"]*)\"""")


class Console:
    """A person who is signed in with a key; None is somebody who is not signed in.

    `headers`: what a proxy adds to each request.
    """

    def __init__(self, served: Served, key: str | None) -> None:
        self.url = served.url
        self.cookies = httpx.Cookies()
        self.headers = httpx.Headers()
        self.csrf = ""
        if key is not None:
            answer = self.sign_in(key)
            assert answer.status_code == 303, answer.text
            assert COOKIE in self.cookies
            self.renew()

    def renew(self) -> None:
        """Take a token for forms from a page."""
        self.csrf = csrf_in(self.get("/console"))

    def sign_in(self, key: str, **fields: str) -> httpx.Response:
        """Send the form of the sign-in page with a key."""
        return self.post(SIGN_IN, key=key, **fields)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: str) -> httpx.Response:
        """A page of the console; `path` from the root, percent-encoded, may have a query."""
        return self.send("GET", path, headers=headers or {}, params=query or None)

    def post(self, path: str, **fields: str | list[str]) -> httpx.Response:
        """Send a form with the session's token; `csrf` among the fields replaces that."""
        headers = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        return self.send("POST", path, headers=headers, data={"csrf": self.csrf, **fields})

    def upload(
        self,
        path: str,
        content: bytes,
        query: Mapping[str, str | list[str]],
        csrf: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a part of a CSV file as a page's script does; None = with the session's token."""
        usual = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        token = {CSRF_HEADER: self.csrf if csrf is None else csrf, "Content-Type": "text/csv"}
        both = {**token, **(usual if headers is None else headers)}
        return self.send("POST", path, headers=both, params=query, content=content)

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str | list[str]] | None = None,
        data: dict[str, str | list[str]] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """A request with the cookies so far; redirects are not followed."""
        with httpx.Client(
            trust_env=False, verify=TLS, timeout=30, cookies=self.cookies, headers=self.headers
        ) as client:
            answer = client.request(
                method, self.url + path, headers=headers, params=params, data=data, content=content
            )
            self.cookies = client.cookies
        return answer


def partner_of(administrator: Console, served: Served, channel: str) -> Console:
    """A partner who has opened a link that an administrator has made."""
    partner = Console(served, None)
    link = link_of(administrator, channel).rpartition("/")[2]
    opened = partner.post("/console/partner/open", link=link)
    assert opened.status_code == 303, opened.text
    partner.csrf = csrf_in(partner.get("/console/partner"))
    return partner


def link_of(administrator: Console, channel: str) -> str:
    """The path of a new link for a partner."""
    made = administrator.post("/console/partner-links", channelCode=channel)
    found = re.search(r"/console/partner/[\w-]{20,}", made.text)
    assert found, made.text
    return found[0]


def csrf_in(page: httpx.Response) -> str:
    """The token in the first form of a page."""
    assert page.status_code == 200, page.text
    found = CSRF_FIELD.search(page.text)
    assert found, f"no token in {page.url}"
    return unescape(found[1])
