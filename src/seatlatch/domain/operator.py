"""Operators: the ticketing systems and people that act for the box office, and what they may do.

See decisions 159 and 160.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """The rights of an operator. Each role includes the roles before it.

    `read` sees everything but secrets; `support` also unlocks, sends webhook test events and
    replays deliveries; `box_office` also puts, holds, releases and voids tickets, and puts events;
    `admin` also manages organizations, channels, applications, operators and webhooks.
    """

    READ = "read"
    SUPPORT = "support"
    BOX_OFFICE = "box_office"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do everything that `other` may."""
        return _ORDER[self] >= _ORDER[other]


_ORDER = {role: number for number, role in enumerate(Role)}


class Operator(NamedTuple):
    """An operator with its role. `organizations` None = all; otherwise it sees only these, and
    every other organization looks to it like one without tickets.
    """

    name: str
    role: Role
    organizations: frozenset[str] | None = None

    def may_see(self, organization_id: str) -> bool:
        """Whether the operator may see an organization's tickets."""
        return self.organizations is None or organization_id in self.organizations

    def may_manage(self, role: Role, organizations: frozenset[str] | None) -> bool:
        """Whether it may create, rotate or change a key with this role and these organizations:
        no key reaches further than the one that made it.
        """
        if not self.role.includes(role):
            return False
        if self.organizations is None:
            return True
        return organizations is not None and organizations <= self.organizations


class OperatorKey(NamedTuple):
    """A valid key of an operator. `expires_at` (aware UTC) None = until revoked."""

    operator: Operator
    expires_at: datetime | None = None
