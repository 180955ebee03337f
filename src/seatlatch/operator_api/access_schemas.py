"""The bodies of the calls about organizations, channels, applications and operators.

Members are written in the order of the fields.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.label import LABEL_CHARACTERS_MAX, NOT_BLANK
from seatlatch.domain.operator import Role
from seatlatch.operations.operators import OVERLAP_SECONDS_MAX
from seatlatch.presentation.schemas import Timestamp, TimestampText
from seatlatch.secrecy import hides
from seatlatch.settings import YEAR_SECONDS

ORGANIZATION_ENTRIES_MAX = 1_000
OVERLAP_SECONDS = 86_400

Identifier = Annotated[str, Meta(extra_json_schema={"pattern": "^[!-~]{1,100}$"})]
"""The rule that `domain.refusal.require_identifier` checks."""

Name = Annotated[
    str, Meta(extra_json_schema={"maxLength": LABEL_CHARACTERS_MAX, "pattern": NOT_BLANK})
]
"""The rules that `domain.refusal.require_name` checks."""

Organizations = Annotated[list[Identifier], Meta(min_length=1, max_length=ORGANIZATION_ENTRIES_MAX)]


class Organization(Struct, rename="camel"):
    """An organization: a box office, whose tickets are in the inventory."""

    organization_id: Identifier
    name: Name


class OrganizationList(Struct):
    """Organizations in order of their ids. `next`: the value of `after` for the next page; null =
    no more.
    """

    organizations: list[Organization]
    next: str | None


class ChannelBody(Struct, rename="camel"):
    """A channel to add, with the organizations whose tickets it sees."""

    channel_code: Identifier
    name: Name
    organizations: Organizations


class ShownChannel(Struct, rename="camel"):
    """A channel, with the organizations whose tickets it sees."""

    channel_code: str
    name: str
    organizations: list[str]


class ChannelList(Struct):
    """Channels in order of their codes. `next`: the value of `after` for the next page; null = no
    more.
    """

    channels: list[ShownChannel]
    next: str | None


class ApplicationBody(Struct, rename="camel"):
    """An application to add, and the channel for which it acts."""

    application_id: Identifier
    channel_code: Identifier


class ShownApiKey(Struct, rename="camel"):
    """A valid API key. `expires_at` null = until it is revoked."""

    expires_at: Timestamp | None


class ShownApplication(Struct, rename="camel"):
    """An application with its valid API keys."""

    application_id: str
    channel_code: str
    api_keys: list[ShownApiKey]


class ApplicationList(Struct):
    """Applications in order of their ids. `next`: the value of `after` for the next page; null = no
    more.
    """

    applications: list[ShownApplication]
    next: str | None


@hides("api_key", "authorization_code")
class AddedApplication(Struct, rename="camel"):
    """An application that was added. The secrets are shown this once."""

    application_id: str
    channel_code: str
    api_key: str
    authorization_code: str


class RotateApiKey(Struct, rename="camel"):
    """Give an application a new API key. Its old keys end after `overlap_seconds`."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=YEAR_SECONDS)] = OVERLAP_SECONDS


@hides("api_key")
class NewApiKey(Struct, rename="camel"):
    """A new API key, shown this once. `old_keys_end`: when the last older key ends."""

    application_id: str
    api_key: str
    old_keys_end: Timestamp


@hides("authorization_code")
class NewAuthorizationCode(Struct, rename="camel"):
    """A new authorization code, shown this once."""

    application_id: str
    authorization_code: str
    expires_at: Timestamp


class OperatorBody(Struct, rename="camel"):
    """An operator to add. `organizations` absent or null = all of them.

    `expires_at`: when its first key ends; absent or null = not before it is revoked.
    """

    name: Identifier
    role: Role = Role.BOX_OFFICE
    organizations: Organizations | None = None
    expires_at: TimestampText | None = None


class OperatorChange(Struct):
    """Give an operator another role or other organizations. An absent member changes nothing.

    `organizations` null = all of them.
    """

    role: Role | UnsetType = UNSET
    organizations: Organizations | UnsetType | None = UNSET


class RotateOperatorKey(Struct, rename="camel"):
    """Give an operator a new key. Its old keys end after `overlap_seconds`.

    `expires_at`: when the new key ends; absent or null = not before it is revoked.
    """

    overlap_seconds: Annotated[int, Meta(ge=0, le=OVERLAP_SECONDS_MAX)] = OVERLAP_SECONDS
    expires_at: TimestampText | None = None


class ShownOperatorKey(Struct, rename="camel"):
    """A key of an operator. `created_at` null = not known, `expires_at` null = no end,
    `last_used_at` null = never used; it may be an hour old.
    """

    key_id: str
    created_at: Timestamp | None
    expires_at: Timestamp | None
    last_used_at: Timestamp | None


class ChangedOperator(Struct):
    """An operator with its role. `organizations` null = all of them."""

    name: str
    role: Role
    organizations: list[str] | None


class ShownOperator(Struct):
    """An operator with its role and keys. `organizations` null = all of them."""

    name: str
    role: Role
    organizations: list[str] | None
    keys: list[ShownOperatorKey]


class OperatorList(Struct):
    """Operators in order of their names. `next`: the value of `after` for the next page; null = no
    more.
    """

    operators: list[ShownOperator]
    next: str | None


@hides("operator_key")
class AddedOperator(Struct, rename="camel"):
    """An operator that was added. The key is shown this once."""

    name: str
    operator_key: str
    role: Role
    organizations: list[str] | None
    expires_at: Timestamp | None


@hides("operator_key")
class NewOperatorKey(Struct, rename="camel"):
    """A new key of an operator, shown this once. `old_keys_end`: when the last older key ends; null
    = it has none.
    """

    name: str
    operator_key: str
    expires_at: Timestamp | None
    old_keys_end: Timestamp | None
