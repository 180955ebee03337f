"""The portions of an import: who may send them, what is checked, and what is stored."""

from typing import Any

import httpx
import pytest

from seatlatch.console.imports import CHECK, IMPORT, LOOK, PORTION_BYTES_MAX, RUN
from seatlatch.domain.operator import Role
from seatlatch.import_files.portions import LINES_MAX
from tests.console.console_client import Console
from tests.console.people import BOX_OFFICE, SCOPES, key_of
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, Served

HEADER = b"token,owner_id,row\n"
GOOD = HEADER + b"new,o,1\nlisted-1,o,7\nnot-listed,%s,\n" % OWNER.encode()
MIXED = HEADER + b"new,o,1\nshort,o\nforeign,o,1\nnew,o,2\n1E+05,o,\n"
UPLOADS = (LOOK, CHECK, RUN)


def upload(console: Console, path: str, content: bytes, **fields: str) -> httpx.Response:
    """Send a portion of a file for an organization."""
    return console.upload(path, content, {"organizationId": ORGANIZATION, **fields})


def answered(console: Console, path: str, content: bytes, **fields: str) -> dict[str, Any]:
    response = upload(console, path, content, **fields)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.parametrize("role", Role)
def test_the_page_is_for_the_box_office(served: Served, role: Role) -> None:
    console = Console(served, key_of(role))
    expected = 200 if role.includes(Role.BOX_OFFICE) else 403
    assert console.get(IMPORT).status_code == expected
    for path in UPLOADS:
        assert upload(console, path, GOOD).status_code == expected
    assert ("new" in served.database.rows()) == (expected == 200)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_person_imports_into_their_own_organizations(served: Served, scope: str) -> None:
    console = Console(served, key_of(Role.BOX_OFFICE, scope))
    page = console.get(IMPORT).text
    for organization in (ORGANIZATION, FOREIGN_ORGANIZATION):
        limits = SCOPES[scope]
        may_see = limits is None or organization in limits
        assert (f'value="{organization}"' in page) == may_see
        for path in UPLOADS:
            response = upload(console, path, GOOD, organizationId=organization)
            assert response.status_code == (200 if may_see else 422)
    assert "There is no such organization" in upload(console, RUN, GOOD, organizationId="9").text


def test_the_first_lines_are_shown(served: Served) -> None:
    content = HEADER + b"a,o,<b>\nbad\n" + b"c,o,1\n" * 30
    assert answered(Console(served, BOX_OFFICE), LOOK, content) == {
        "columns": ["token", "owner_id", "row"],
        "delimiter": "a comma",
        "headerLines": 1,
        "lines": [
            {"line": 2, "values": ["a", "o", "<b>"]},
            {"line": 4, "values": ["c", "o", "1"]},
        ],
        "bad": [
            {"line": 3, "column": None, "problem": "has 1 field, the header has 3"},
            *(
                {"line": line, "column": "token", "problem": "is already in line 4"}
                for line in range(5, 12)
            ),
        ],
    }


def test_a_dry_run_compares_with_the_inventory_and_stores_nothing(served: Served) -> None:
    before = served.database.rows()
    assert answered(Console(served, BOX_OFFICE), CHECK, GOOD) == {
        "good": [[2, "new", "added"], [3, "listed-1", "updated"], [4, "not-listed", "unchanged"]],
        "bad": [],
        "otherColumnsFollow": False,
    }
    assert served.database.rows() == before


def test_a_run_stores_what_the_dry_run_has_said(served: Served) -> None:
    console = Console(served, BOX_OFFICE)
    stored = {"added": 1, "updated": 1, "unchanged": 1, "bad": []}
    assert answered(console, RUN, GOOD) == stored
    rows = served.database.rows()
    assert (rows["new"]["organization_id"], rows["new"]["row"]) == (ORGANIZATION, "1")
    assert rows["listed-1"]["mpreserve"] and rows["listed-1"]["row"] == "7"
    assert answered(console, RUN, GOOD) == {**stored, "added": 0, "updated": 0, "unchanged": 3}


def test_bad_lines_are_named_and_left_out(served: Served) -> None:
    console = Console(served, BOX_OFFICE)
    checked = answered(console, CHECK, MIXED, firstLine="102")
    assert checked["good"] == [[102, "new", "added"]]
    named = [(one["line"], one["column"]) for one in checked["bad"]]
    assert named == [(103, None), (104, "token"), (105, "token"), (106, "token")]
    problems = " ".join(one["problem"] for one in checked["bad"])
    assert "belongs to another organization" in problems and "is already in line 102" in problems
    ran = answered(console, RUN, MIXED, firstLine="102")
    assert ran == {"added": 1, "updated": 0, "unchanged": 0, "bad": checked["bad"]}
    assert served.database.rows()["foreign"]["organization_id"] == FOREIGN_ORGANIZATION


def test_values_may_be_taken_as_they_are(served: Served) -> None:
    console = Console(served, BOX_OFFICE)
    checked = answered(console, CHECK, HEADER + b"1E+05,o,\n", asIs="true")
    assert checked["good"] == [[2, "1E+05", "added"]]


def test_a_ticket_that_a_person_may_not_know_looks_like_an_invalid_one(
    served: Served,
) -> None:
    console = Console(served, key_of(Role.BOX_OFFICE, "inside"))
    for path in (CHECK, RUN):
        (bad,) = answered(console, path, HEADER + b"foreign,o,1\n")["bad"]
        assert bad == {
            "line": 2,
            "column": "token",
            "problem": "can't be used: choose another token",
        }


def test_other_columns_end_the_file(served: Served) -> None:
    content = HEADER + b"a,o,1\nowner_id,token,row\no,t,1\n"
    checked = answered(Console(served, BOX_OFFICE), CHECK, content)
    assert checked["otherColumnsFollow"] and checked["good"] == [[2, "a", "added"]]


@pytest.mark.parametrize("path", UPLOADS)
def test_without_the_token_of_the_session_nothing_is_taken(served: Served, path: str) -> None:
    console = Console(served, BOX_OFFICE)
    other = Console(served, BOX_OFFICE)
    for csrf in ("", "x", other.csrf):
        assert console.upload(path, GOOD, {"organizationId": ORGANIZATION}, csrf).status_code == 403
    console.cookies.clear()
    assert upload(console, path, GOOD).status_code == 401
    assert "new" not in served.database.rows()


@pytest.mark.parametrize(
    ("content", "fields", "status", "text"),
    [
        (b"", {}, 422, "is empty"),
        (b"token\n", {}, 422, "has no column owner_id"),
        (b'{"token": 1}', {}, 422, "looks like JSON"),
        (b"PK\x03\x04[Content_Types].xml", {}, 422, "Save it as CSV (UTF-8)"),
        (b"token,<script>\n", {}, 422, "unknown column &#39;&lt;script&gt;"),
        (HEADER + b"\n" * (LINES_MAX + 1), {}, 422, "at most 2,000 lines"),
        (HEADER + b"x" * PORTION_BYTES_MAX, {}, 413, "over 1048576 bytes"),
        (GOOD, {"firstLine": "1"}, 422, "firstLine"),
        (GOOD, {"firstLine": "x"}, 422, "firstLine"),
        (GOOD, {"asIs": "x"}, 422, "asIs"),
    ],
)
def test_what_is_no_portion_is_refused(
    served: Served, content: bytes, fields: dict[str, str], status: int, text: str
) -> None:
    console = Console(served, BOX_OFFICE)
    for path in (CHECK, RUN):
        response = upload(console, path, content, **fields)
        assert (response.status_code, text in response.text) == (status, True), response.text


def test_an_organization_that_goes_meanwhile_is_no_bug(served: Served) -> None:
    console = Console(served, BOX_OFFICE)
    with served.database.provisioning() as provisioning:
        provisioning.add_organization("3003", "Empty")
    assert answered(console, CHECK, GOOD, organizationId="3003")["bad"][0]["line"] == 3
    served.database.execute("DELETE FROM organizations WHERE organization_id = '3003'")
    assert upload(console, RUN, GOOD, organizationId="3003").status_code == 422
