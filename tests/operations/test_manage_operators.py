"""Operators that manage others: no key reaches further than the one that made or changed it."""

from collections.abc import Callable, Iterator

import pytest

from seatlatch.domain.audit import Actor
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.refusal import NotPermitted
from seatlatch.operations.operators import (
    add_operator,
    change_operator,
    revoke_operator,
    rotate_operator_key,
)
from seatlatch.operations.organizations import add_organization
from tests.databases import Database
from tests.operations.access_fixtures import Access, at
from tests.operations.changes import ACTOR

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def access(database: Database) -> Iterator[Access]:
    with at(database) as access:
        yield access


def acting(access: Access, operator: Operator) -> None:
    """From now on, changes are made by this operator."""
    access.actor = Actor(operator.name, ACTOR.request_id, operator=operator)


def add_two(access: Access) -> None:
    """Two organizations, and an operator of each role."""
    access.do(add_organization, "1001", "Arena")
    access.do(add_organization, "1002", "Stadium")
    for role in Role:
        access.do(add_operator, role, role)
    access.do(add_operator, "limited", Role.READ, ["1002"])


SMALL_CHANGES: dict[str, Callable[[Access, str], object]] = {
    "rotate": lambda access, name: access.do(rotate_operator_key, name, 0),
    "revoke": lambda access, name: access.do(revoke_operator, name),
    "change": lambda access, name: access.do(change_operator, name, Role.READ, ["1001"]),
}


@pytest.mark.parametrize("change", SMALL_CHANGES.values(), ids=SMALL_CHANGES)
def test_no_key_manages_an_operator_that_reaches_further(
    access: Access, change: Callable[[Access, str], object]
) -> None:
    add_two(access)
    acting(access, Operator("me", Role.SUPPORT, frozenset({"1001"})))
    before = access.state()
    for name in (*Role, "limited"):
        with pytest.raises(NotPermitted, match="higher role or more organizations"):
            change(access, name)
    assert access.state() == before


def test_no_key_makes_one_that_reaches_further(access: Access) -> None:
    add_two(access)
    acting(access, Operator("me", Role.BOX_OFFICE, frozenset({"1001"})))
    for role, organizations in ((Role.ADMIN, ["1001"]), (Role.READ, []), (Role.READ, ["1002"])):
        with pytest.raises(NotPermitted):
            access.do(add_operator, "new", role, organizations)
    access.do(add_operator, "new", Role.SUPPORT, ["1001"])
    with pytest.raises(NotPermitted):
        access.do(change_operator, "new", Role.ADMIN, ["1001"])
    with pytest.raises(NotPermitted):
        access.do(change_operator, "new", Role.READ, [])
    access.do(rotate_operator_key, "new", 0)
    access.do(revoke_operator, "new")
