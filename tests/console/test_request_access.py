"""Who sees which requests: every role, and only tickets of one's organizations."""

from seatlatch.domain.operator import Role
from tests.cases import all_cases
from tests.channel_api.journal import OTHER
from tests.console.console_client import Console
from tests.console.people import ADMIN, key_of
from tests.console.request_pages import ID, REQUESTS, UNKNOWN, listed, show, text_of
from tests.serving import Served


@all_cases("role", list(Role))
def test_every_role_may_read(shared_console: Served, role: Role) -> None:
    for scope in ("all", "inside", "outside"):
        console = Console(shared_console, key_of(role, scope))
        assert console.get(REQUESTS).status_code == 200
        assert console.get(REQUESTS + "/live").status_code == 200


def test_nobody_else_may(shared_console: Served) -> None:
    nobody = Console(shared_console, None)
    for path in (REQUESTS, f"{REQUESTS}/{ID}"):
        page = nobody.get(path, {"Accept": "text/html"})
        assert page.status_code == 303
        assert page.headers["location"].startswith("/console/sign-in?next=")
    assert nobody.get(REQUESTS + "/live", {"HX-Request": "true"}).status_code == 401


def test_who_is_limited_sees_only_tickets_of_these_organizations(served: Served) -> None:
    served.unlock("listed-1", "foreign", request_id=ID, **OTHER)
    served.put({"tokens": []})
    inside, outside = (Console(served, key_of(Role.ADMIN, one)) for one in ("inside", "outside"))
    assert listed(Console(served, ADMIN)) == [
        ("unlock", "422 refused"),
        ("unlock", "207 1 done, 1 failed"),
    ]
    assert listed(inside) == [("unlock", "409 1 failed")]
    assert listed(outside) == [("unlock", "200 1 done")]
    assert "foreign" not in show(inside, ID).text
    assert "listed-1" not in show(outside, ID).text


def test_to_who_is_limited_other_requests_do_not_exist(served: Served) -> None:
    served.unlock("listed-1", request_id=ID)
    console = Console(served, key_of(Role.READ, "outside"))
    assert listed(console) == []
    page = console.get(f"{REQUESTS}/{ID}", {"Accept": "text/html"})
    absent = console.get(f"{REQUESTS}/{UNKNOWN}", {"Accept": "text/html"})
    assert page.status_code == absent.status_code == 404
    assert text_of(page.text).partition("Status")[0] == text_of(absent.text).partition("Status")[0]
