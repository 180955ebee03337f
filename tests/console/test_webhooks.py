"""The pages of webhooks for every role: endpoints, their settings, and their secrets."""

import re

import pytest

from seatlatch.domain.operator import Role
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.console.people import ADMIN, BOX_OFFICE, READ, SUPPORT, key_of
from tests.console.webhook_pages import (
    ABSENT,
    PAGE,
    URL,
    add_endpoint,
    add_message,
    end,
    text_of,
)
from tests.databases import ON_SQLITE
from tests.operator_api.administrators import audited
from tests.operator_api.webhook_calls import HIDDEN_URL
from tests.serving import CHANNEL, OTHER_CHANNEL, Served

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{20,}")
SETTINGS = ("settings", "pause", "resume", "rotate-secret", "remove")


def secrets_in(html: str) -> set[str]:
    """The secrets that a page shows."""
    return set(SECRET.findall(text_of(html)))


def column(served: Served, name: str) -> object:
    """A column of the one endpoint."""
    (row,) = served.database.table("webhooks")
    return row[name]


@pytest.mark.parametrize("key", [SUPPORT, BOX_OFFICE, ADMIN])
def test_endpoints_are_listed_with_their_state(served: Served, key: str) -> None:
    webhook_id = add_endpoint(served)
    console = Console(served, key)
    end(served, add_message(served, console, webhook_id), "delivered", 204, None)
    add_message(served, console, webhook_id)
    page = text_of(console.get(PAGE).text)
    assert f"<h2>{CHANNEL}</h2>" in page
    assert f'<a href="{PAGE}/{webhook_id}">{HIDDEN_URL}</a>' in page
    assert '<span class="badge good">active</span>' in page
    assert "1, the oldest for " in page
    assert '<time datetime="2026-11-23T12:00:00+00:00">' in page
    assert URL not in page
    assert ("Add an endpoint" in page) == (key == ADMIN)
    assert secrets_in(page) == set()


def test_a_list_is_filtered_by_channel(served: Served) -> None:
    add_endpoint(served)
    console = Console(served, SUPPORT)
    assert HIDDEN_URL in console.get(f"{PAGE}?channelCode={CHANNEL}").text
    other = console.get(f"{PAGE}?channelCode={OTHER_CHANNEL}").text
    assert HIDDEN_URL not in other
    assert "No endpoint matches." in other
    assert console.get(f"{PAGE}?channelCode=%3Cscript%3E").status_code == 200


def test_a_list_is_filtered_by_state(served: Served) -> None:
    webhook_id, other = add_endpoint(served), add_endpoint(served)
    failing = "UPDATE webhooks SET failing_since = ?, problem = 'No.' WHERE webhook_id = ?"
    served.database.execute(failing, "2026-11-23T12:00:00.000000+00:00", webhook_id)
    console = Console(served, SUPPORT)
    for state, shown in (
        ("failing", [True, False]),
        ("active", [False, True]),
        ("paused", [False] * 2),
    ):
        page = console.get(f"{PAGE}?state={state}").text
        assert [one in page for one in (webhook_id, other)] == shown
    assert console.get(f"{PAGE}?state=nonsense").status_code == 422


@ON_SQLITE
def test_a_list_has_pages(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [add_endpoint(served) for _ in range(3)]
    console = Console(served, SUPPORT)
    first = console.get(f"{PAGE}?limit=2").text
    assert [one in first for one in ids] == [True, True, False]
    match = re.search(r'href="([^"]*after=[^"]*)"', text_of(first))
    assert match
    second = console.get(match[1] + "&limit=2").text
    assert [one in second for one in ids] == [False, False, True]
    assert "First page" in second
    assert console.get(f"{PAGE}?after=nonsense").status_code == 422


REFUSED = [
    *((READ, "GET", path) for path in ("", f"/{ABSENT}")),
    *((key_of(Role.ADMIN, "inside"), "GET", path) for path in ("", f"/{ABSENT}")),
    *((key, "POST", "") for key in (READ, SUPPORT, BOX_OFFICE, key_of(Role.ADMIN, "inside"))),
    *((BOX_OFFICE, "POST", f"/{ABSENT}/{action}") for action in SETTINGS),
    *((key_of(Role.ADMIN, "inside"), "POST", f"/{ABSENT}/{action}") for action in SETTINGS),
    (READ, "POST", f"/{ABSENT}/test"),
    (READ, "POST", f"/{ABSENT}/replay"),
]


@all_cases(("key", "method", "path"), REFUSED)
def test_a_role_or_scope_that_is_too_small_is_refused(
    served: Served, key: str, method: str, path: str
) -> None:
    console = Console(served, key)
    if method == "GET":
        answer = console.get(PAGE + path)
    else:
        answer = console.post(PAGE + path, channelCode=CHANNEL, url=URL, confirmed="true")
    assert answer.status_code == 403, answer.text
    assert served.database.table("webhooks") == []


def test_who_may_not_see_webhooks_has_no_menu_for_them(served: Served) -> None:
    for key, is_shown in ((READ, False), (SUPPORT, True), (key_of(Role.ADMIN, "inside"), False)):
        assert (f'href="{PAGE}"' in Console(served, key).get("/console").text) == is_shown


def test_a_secret_is_shown_once(served: Served) -> None:
    console = Console(served, ADMIN)
    added = console.post(PAGE, channelCode=CHANNEL, url=URL, ownChanges="true")
    (secret,) = secrets_in(added.text)
    assert added.headers["cache-control"] == "no-store"
    assert (column(served, "secret"), bool(column(served, "own_changes"))) == (secret, True)
    page = f"{PAGE}/{column(served, 'webhook_id')}"
    assert secrets_in(console.get(page).text) == set()
    rotated = console.post(f"{page}/rotate-secret")
    (other,) = secrets_in(rotated.text)
    assert other != secret
    assert (column(served, "secret"), column(served, "old_secret")) == (other, secret)
    shown = console.get(page).text
    assert secrets_in(shown) == set()
    assert "signs until" in shown
    assert [one["action"] for one in audited(served, "?action=webhook.rotate_secret")]


def test_a_url_is_checked_as_over_http(served: Served) -> None:
    console = Console(served, ADMIN)
    for url, status in (
        ("ftp://example.com", 422),
        ("https://127.0.0.1/", 409),
        ("https://8.8.8.8/?***", 422),
    ):
        answer = console.post(PAGE, channelCode=CHANNEL, url=url)
        assert answer.status_code == status, answer.text
    assert console.post(PAGE, channelCode="nobody", url=URL).status_code == 404
    assert console.post(PAGE, channelCode=CHANNEL).status_code == 422
    assert served.database.table("webhooks") == []


def test_an_administrator_changes_an_endpoint(served: Served) -> None:
    webhook_id = add_endpoint(served)
    page, console = f"{PAGE}/{webhook_id}", Console(served, ADMIN)
    settings = text_of(console.get(page).text)
    assert 'placeholder="unchanged"' in settings
    changed = console.post(f"{page}/settings", ownChanges="true")
    assert (changed.status_code, changed.headers["location"]) == (303, page)
    assert (column(served, "url"), bool(column(served, "own_changes"))) == (URL, True)
    console.post(f"{page}/settings", url="https://8.8.4.4/")
    assert column(served, "url") == "https://8.8.4.4/"
    assert not column(served, "own_changes")
    assert console.post(f"{page}/settings", url="https://10.0.0.1/").status_code == 409
    console.post(f"{page}/pause")
    assert column(served, "state") == "paused"
    paused = text_of(console.get(page).text)
    assert "Nothing is sent, and messages wait. Paused by the operator." in paused
    assert "<button disabled>Send a test event</button>" in paused
    console.post(f"{page}/resume")
    assert column(served, "state") == "active"
    names = [one["action"] for one in audited(served, f"?target={webhook_id}")]
    assert names[:2] == ["webhook.resume", "webhook.pause"]
    assert {one["actor"] for one in audited(served, f"?target={webhook_id}")} == {ADMIN}


def test_a_removal_must_be_confirmed(served: Served) -> None:
    page, console = f"{PAGE}/{add_endpoint(served)}", Console(served, ADMIN)
    assert console.post(f"{page}/remove").status_code == 422
    assert column(served, "state") == "active"
    removed = console.post(f"{page}/remove", confirmed="true")
    assert (removed.status_code, removed.headers["location"]) == (303, PAGE)
    assert served.database.table("webhooks") == []
    assert console.get(page).status_code == 404


@pytest.mark.parametrize("action", ["", *(f"/{one}" for one in SETTINGS), "/test", "/replay"])
def test_an_endpoint_that_does_not_exist_is_not_found(served: Served, action: str) -> None:
    console = Console(served, ADMIN)
    for webhook_id in (ABSENT, "x", "%00", "%F0%9F%8E%AB", "%FF", "a%2Fb"):
        path = f"{PAGE}/{webhook_id}{action}"
        answer = console.post(path, confirmed="true") if action else console.get(path)
        assert answer.status_code == 404, (path, answer.text)


def test_a_failing_endpoint_says_why(served: Served) -> None:
    webhook_id = add_endpoint(served)
    problem = "The receiver <b>answered</b> 500."
    failing = "UPDATE webhooks SET failing_since = ?, problem = ?"
    served.database.execute(failing, "2026-11-23T12:00:00.000000+00:00", problem)
    for path in ("", f"/{webhook_id}"):
        page = Console(served, SUPPORT).get(PAGE + path).text
        assert '<span class="badge bad">failing</span>' in page
        assert "The receiver &lt;b&gt;answered&lt;/b&gt; 500." in page
    disabled = "UPDATE webhooks SET state = 'disabled', reason = 'It answered 410 Gone.'"
    served.database.execute(disabled)
    page = Console(served, SUPPORT).get(f"{PAGE}/{webhook_id}").text
    assert "Nothing is sent. It answered 410 Gone. An administrator resumes it" in page


def test_a_form_without_its_token_changes_nothing(served: Served) -> None:
    page, console = f"{PAGE}/{add_endpoint(served)}", Console(served, ADMIN)
    for action in (*SETTINGS, "test", "replay"):
        answer = console.post(f"{page}/{action}", csrf="", confirmed="true")
        assert answer.status_code == 403, action
    assert column(served, "state") == "active"
    assert served.database.table("webhook_messages") == []
