"""The page of organizations."""

import pytest

from tests.cases import all_cases
from tests.console.access_pages import Fields, did, opened, refused, words
from tests.console.console_client import Console
from tests.console.people import ADMIN
from tests.operator_api.administrators import audited
from tests.serving import Served

PAGE = "/console/organizations"


@pytest.fixture
def console(served: Served) -> Console:
    """An administrator."""
    return Console(served, ADMIN)


def test_an_organization_is_added_and_removed(served: Served, console: Console) -> None:
    name = "Café <b>&\N{ADMISSION TICKETS}"
    assert did(console, PAGE, organizationId=" 3003 ", name=name) == f"{PAGE}?done=added"
    page = opened(console, f"{PAGE}?done=added")
    assert f"3003 {name}" in words(page)
    assert "<b>" not in page
    assert did(console, f"{PAGE}/remove", organizationId="3003") == f"{PAGE}?done=removed"
    assert "3003" not in opened(console, PAGE)
    actions = [(entry["action"], entry["target"], entry["actor"]) for entry in audited(served)]
    assert actions[:2] == [
        ("organization.remove", "3003", ADMIN),
        ("organization.add", "3003", ADMIN),
    ]


REFUSED: list[tuple[str, Fields, int, str]] = [
    (PAGE, {"organizationId": "1001", "name": "Arena"}, 409, "is there already"),
    (PAGE, {"organizationId": "a b", "name": "Arena"}, 422, "visible ASCII"),
    (PAGE, {"organizationId": "3003", "name": " "}, 422, "name must not be empty"),
    (PAGE, {"organizationId": "3003"}, 422, "name"),
    (f"{PAGE}/remove", {"organizationId": "9"}, 404, "There is no organization 9."),
    (f"{PAGE}/remove", {"organizationId": "1001"}, 409, "Remove that grant first."),
    (f"{PAGE}/remove", {}, 422, "organizationId"),
]


@all_cases(("path", "fields", "status", "says"), REFUSED)
def test_refusals(served: Served, path: str, fields: Fields, status: int, says: str) -> None:
    console = Console(served, ADMIN)
    found = refused(console, path, **fields)
    assert found[0] == status
    assert says in found[1]
    assert {entry["action"] for entry in audited(served)} == {"sign_in"}
