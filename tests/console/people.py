"""The people who sign in to the console in tests: one of every role, with all and few rights."""

from collections.abc import Mapping

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from tests.databases import Database
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION

SCOPES: Mapping[str, frozenset[str] | None] = {
    "all": None,
    "inside": frozenset({ORGANIZATION}),
    "outside": frozenset({FOREIGN_ORGANIZATION}),
}
"""Whose tickets a person sees: everybody's, those of 1001 alone, or those of 2002 alone."""


def key_of(role: Role, scope: str = "all") -> str:
    """The key, and also the name, of the person with this role and scope: `support-inside`."""
    return f"{role}-{scope}"


def add_people(database: Database) -> None:
    """Add an operator of every role and scope."""
    with database.provisioning() as provisioning:
        for role in Role:
            for scope, organizations in SCOPES.items():
                name = key_of(role, scope)
                provisioning.add_operator(Operator(name, role, organizations))
                provisioning.add_operator_key(name, hash_secret(name.encode()))


READ = key_of(Role.READ)
SUPPORT = key_of(Role.SUPPORT)
BOX_OFFICE = key_of(Role.BOX_OFFICE)
ADMIN = key_of(Role.ADMIN)
