"""The audit: administrative changes and sign-ins, with their authors.

See decision 162.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from seatlatch.domain.operator import Operator, Role


class Action(StrEnum):
    """An administrative change, or a sign-in."""

    ORGANIZATION_ADD = "organization.add"
    ORGANIZATION_REMOVE = "organization.remove"
    CHANNEL_ADD = "channel.add"
    CHANNEL_REMOVE = "channel.remove"
    CHANNEL_GRANT = "channel.grant"
    CHANNEL_UNGRANT = "channel.ungrant"
    CHANNEL_LINK = "channel.link"
    CHANNEL_OPEN_LINK = "channel.open_link"
    CHANNEL_END_LINKS = "channel.end_links"
    APPLICATION_ADD = "application.add"
    APPLICATION_ROTATE_KEY = "application.rotate_key"
    APPLICATION_AUTHORIZE = "application.authorize"
    APPLICATION_REVOKE = "application.revoke"
    OPERATOR_ADD = "operator.add"
    OPERATOR_CHANGE = "operator.change"
    OPERATOR_ROTATE_KEY = "operator.rotate_key"
    OPERATOR_REVOKE = "operator.revoke"
    WEBHOOK_ADD = "webhook.add"
    WEBHOOK_SET_URL = "webhook.set_url"
    WEBHOOK_SET_OWN_CHANGES = "webhook.set_own_changes"
    WEBHOOK_PAUSE = "webhook.pause"
    WEBHOOK_RESUME = "webhook.resume"
    WEBHOOK_REMOVE = "webhook.remove"
    WEBHOOK_ROTATE_SECRET = "webhook.rotate_secret"  # noqa: S105 - a name, no secret
    WEBHOOK_TEST = "webhook.test"
    WEBHOOK_REPLAY = "webhook.replay"
    SIGN_IN = "sign_in"


class Actor(NamedTuple):
    """The author of a change. `request_id`: a UUID as text, in lower case.

    `client_address` None = unknown, or a command. `operator` None = a command, which may do
    everything.
    """

    name: str
    request_id: str
    client_address: str | None = None
    operator: Operator | None = None

    def may_manage(self, role: Role, organizations: Collection[str] | None) -> bool:
        """Whether it may create, change, rotate or revoke a key with this role and these
        organizations; None = all organizations.
        """
        limits = None if organizations is None else frozenset(organizations)
        return self.operator is None or self.operator.may_manage(role, limits)


Detail = str | int | bool | datetime | Sequence[str] | None
"""A detail of a change. Never a secret or a hash of one. A timestamp is read as text."""

Details = Mapping[str, Detail]


class NewAuditEntry(NamedTuple):
    """An entry to write. `target`: the identifier of the thing that was changed."""

    actor: Actor
    action: Action
    target: str
    details: Details


class AuditEntry(NamedTuple):
    """An entry of the audit. `timestamp`: when its transaction began, aware UTC.

    `action`: an `Action`, or that of a newer version. `client_address` None = unknown, a command,
    or erased.
    """

    audit_id: int
    timestamp: datetime
    actor: str
    client_address: str | None
    request_id: str
    action: str
    target: str
    details: Details


class AuditPlace(NamedTuple):
    """The place of an entry in the audit's order."""

    timestamp: datetime
    audit_id: int


class AuditFilters(NamedTuple):
    """The entries that a reader asks for; None = any. `since` is included, `until` is not."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None
