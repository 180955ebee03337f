"""Keys limited to organizations: the tickets of others are unknown to them, in every call."""

from collections.abc import Iterator

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from tests.cases import all_cases
from tests.databases import Database
from tests.operator_api.box_office import (
    hold,
    invalid,
    operate,
    operator_headers,
    override,
    put,
    record,
    release,
    show,
    void,
)
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, Served, serving

THEIRS = "Bearer their-key"
VERBS = {"hold": hold, "release": release, "void": void, "unlock": override}


def limit_a_key(database: Database, *organizations: str) -> None:
    """Add an operator that is limited to organizations."""
    with database.provisioning() as provisioning:
        operator = Operator("limited", Role.BOX_OFFICE, frozenset(organizations))
        provisioning.add_operator(operator)
        provisioning.add_operator_key("limited", hash_secret(THEIRS.split()[1].encode()))


@pytest.fixture
def limited(inventory: Database) -> Iterator[Served]:
    """A server with a key for the foreign organization alone."""
    limit_a_key(inventory, FOREIGN_ORGANIZATION)
    with serving(inventory) as served:
        yield served


@all_cases("verb", VERBS)
def test_a_ticket_outside_the_scope_is_unknown_and_stays_as_it_is(
    limited: Served, verb: str
) -> None:
    before = {token: show(limited, token) for token in ("listed-1", "locked", "voided")}
    answer = VERBS[verb](limited, *before, "unknown", authorization=THEIRS)
    assert answer.status_code == 422
    assert answer.json()["failure"] == [invalid(token) for token in (*before, "unknown")]
    assert {token: show(limited, token) for token in before} == before


def test_each_token_stands_alone_and_the_journal_has_the_same_outcomes(limited: Served) -> None:
    answer = hold(limited, "not-listed", "foreign", "unknown", authorization=THEIRS)
    assert answer.status_code == 207
    assert answer.json() == {
        "success": [{"token": "foreign", "ownerId": OWNER, "status": "LOCK"}],
        "failure": [invalid("not-listed"), invalid("unknown")],
    }
    path = f"/operator/v1/requests/{answer.headers['Request-ID']}"
    (seen,) = limited.send(path, "GET", {"authorization": THEIRS}).json()["requests"]
    assert [one["token"] for one in seen["success"] + seen["failure"]] == ["foreign"]
    (traced,) = limited.send(path, "GET", operator_headers()).json()["requests"]
    outcomes = {one["token"]: one["outcome"] for one in traced["success"] + traced["failure"]}
    assert outcomes == {"foreign": "held", "not-listed": "unknown", "unknown": "unknown"}


def test_a_ticket_outside_the_scope_is_not_found(limited: Served) -> None:
    outside = operate(limited, "GET", "/listed-1", authorization=THEIRS)
    unknown = operate(limited, "GET", "/unknown", authorization=THEIRS)
    assert (outside.status_code, outside.content) == (404, unknown.content)
    assert operate(limited, "GET", "/foreign", authorization=THEIRS).status_code == 200


def test_a_put_outside_the_scope_is_as_one_of_no_organization(limited: Served) -> None:
    records = [
        record("new", organizationId=ORGANIZATION),
        record("new-nowhere", organizationId="3003"),
        record("listed-1", organizationId=FOREIGN_ORGANIZATION),
        record("added", organizationId=FOREIGN_ORGANIZATION),
    ]
    before = show(limited, "listed-1")
    answer = put(limited, *records, authorization=THEIRS)
    assert answer.status_code == 207
    message = "Organization is unknown"
    assert answer.json() == {
        "success": [{"token": "added", "ownerId": OWNER, "outcome": "added"}],
        "failure": [
            {**invalid("new", message), "type": "INVALID_ORGANIZATION"},
            {**invalid("new-nowhere", message), "type": "INVALID_ORGANIZATION"},
            invalid("listed-1"),
        ],
    }
    assert operate(limited, "GET", "/new").status_code == 404
    assert show(limited, "listed-1") == before


@pytest.mark.only_on("sqlite")
def test_organizations_of_one_key_may_know_of_each_other(inventory: Database) -> None:
    limit_a_key(inventory, ORGANIZATION, FOREIGN_ORGANIZATION)
    moved = record("listed-1", organizationId=FOREIGN_ORGANIZATION)
    with serving(inventory) as served:
        answer = put(served, moved, authorization=THEIRS)
    message = "Token belongs to another organization"
    assert answer.json()["failure"] == [invalid("listed-1", message)]
