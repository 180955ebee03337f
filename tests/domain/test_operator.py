"""Roles include each other in order, and no key reaches further than the one that manages it."""

import pytest

from seatlatch.domain.operator import Operator, Role

SOME, MORE = frozenset({"1001"}), frozenset({"1001", "2002"})


def test_each_role_includes_itself_and_the_roles_before_it() -> None:
    assert [
        [role.includes(other) for other in (Role.READ, Role.SUPPORT, Role.BOX_OFFICE, Role.ADMIN)]
        for role in (Role.READ, Role.SUPPORT, Role.BOX_OFFICE, Role.ADMIN)
    ] == [
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [True, True, True, True],
    ]


def test_an_operator_without_limits_sees_every_organization() -> None:
    assert Operator("a", Role.READ).may_see("1001")
    assert Operator("a", Role.READ, SOME).may_see("1001")
    assert not Operator("a", Role.ADMIN, SOME).may_see("2002")
    assert not Operator("a", Role.ADMIN, frozenset()).may_see("1001")


@pytest.mark.parametrize(
    ("operator", "role", "organizations", "may"),
    [
        (Operator("a", Role.ADMIN), Role.ADMIN, None, True),
        (Operator("a", Role.ADMIN), Role.READ, SOME, True),
        (Operator("a", Role.BOX_OFFICE), Role.ADMIN, None, False),
        (Operator("a", Role.ADMIN, SOME), Role.READ, SOME, True),
        (Operator("a", Role.ADMIN, SOME), Role.READ, MORE, False),
        (Operator("a", Role.ADMIN, SOME), Role.READ, None, False),
        (Operator("a", Role.ADMIN, MORE), Role.ADMIN, SOME, True),
    ],
)
def test_no_key_manages_one_that_reaches_further(
    operator: Operator, role: Role, organizations: frozenset[str] | None, may: bool
) -> None:
    assert operator.may_manage(role, organizations) is may
