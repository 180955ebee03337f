"""Changes to callers and what they may see: organizations, channels, grants and credentials."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from seatlatch.domain.operator import Operator
from seatlatch.store.sql.access import SqlAccessReader
from seatlatch.store.tokens import Code

LOCK = "LOCK TABLE seatlatch.organizations IN EXCLUSIVE MODE"
"""An organization is removed only after a check of what it has. Nobody may add to it meanwhile."""

ADD_ORGANIZATION = """
INSERT INTO seatlatch.organizations (organization_id, name) VALUES (:organization_id, :name)
"""
REMOVE_ORGANIZATION = "DELETE FROM seatlatch.organizations WHERE organization_id = :organization_id"
ADD_CHANNEL = "INSERT INTO seatlatch.channels (channel_code, name) VALUES (:code, :name)"
REMOVE_GRANTS = "DELETE FROM seatlatch.grants WHERE channel_code = :code"
REMOVE_CHANNEL = "DELETE FROM seatlatch.channels WHERE channel_code = :code"
ADD_GRANT = """
INSERT INTO seatlatch.grants (channel_code, organization_id) VALUES (:code, :organization_id)
"""
REMOVE_GRANT = """
DELETE FROM seatlatch.grants WHERE channel_code = :code AND organization_id = :organization_id
"""
ADD_APPLICATION = """
INSERT INTO seatlatch.applications (application_id, channel_code) VALUES (:application_id, :code)
"""
REMOVE_APPLICATION = tuple(
    f"DELETE FROM seatlatch.{table} WHERE application_id = :application_id"
    for table in (
        "access_tokens",
        "token_families",
        "authorization_codes",
        "api_keys",
        "applications",
    )
)
ADD_API_KEY = """
INSERT INTO seatlatch.api_keys (application_id, key_hash, created_at, expires_at)
VALUES (:application_id, :key_hash, now(), :expires_at)
"""
END_API_KEYS = """
UPDATE seatlatch.api_keys SET expires_at = :expires_at
WHERE application_id = :application_id AND (expires_at IS NULL OR expires_at > :expires_at)
"""
FORGET_API_KEYS = """
DELETE FROM seatlatch.api_keys WHERE application_id = :application_id AND expires_at <= now()
"""
ADD_ACCESS = """
INSERT INTO seatlatch.access_tokens (application_id, token_hash, expires_at)
VALUES (:application_id, :token_hash, :expires_at)
"""
ADD_CODE = """
INSERT INTO seatlatch.authorization_codes (code_hash, application_id, expires_at, family_hash)
VALUES (:code_hash, :application_id, :expires_at, :family_hash)
"""
ADD_OPERATOR = """
INSERT INTO seatlatch.operators (operator_name, role, organizations)
VALUES (:name, :role, :organizations)
"""
CHANGE_OPERATOR = """
UPDATE seatlatch.operators SET role = :role, organizations = :organizations
WHERE operator_name = :name
"""
REMOVE_OPERATOR = (
    "DELETE FROM seatlatch.operator_keys WHERE operator_name = :name",
    "DELETE FROM seatlatch.operators WHERE operator_name = :name",
)
ADD_OPERATOR_KEY = """
INSERT INTO seatlatch.operator_keys (key_hash, operator_name, created_at, expires_at)
VALUES (:key_hash, :name, now(), :expires_at)
"""
END_OPERATOR_KEYS = """
UPDATE seatlatch.operator_keys SET expires_at = :expires_at
WHERE operator_name = :name AND (expires_at IS NULL OR expires_at > :expires_at)
"""
FORGET_OPERATOR_KEYS = """
DELETE FROM seatlatch.operator_keys WHERE operator_name = :name AND expires_at <= now()
"""
NOTE_KEY_USE = tuple(
    f"""
UPDATE seatlatch.{table} SET last_used_at = now()
WHERE key_hash = :key_hash AND (last_used_at IS NULL OR last_used_at < :before)
"""
    for table in ("operator_keys", "api_keys")
)


class SqlAccess(SqlAccessReader):
    """See `store.access.AccessWriter`."""

    async def lock(self) -> None:
        """Keep others from changing organizations and from putting tickets, until the end."""
        await self._executor.execute(LOCK)

    async def add_organization(self, organization_id: str, name: str) -> None:
        """Add an organization."""
        await self._executor.execute(ADD_ORGANIZATION, organization_id=organization_id, name=name)

    async def remove_organization(self, organization_id: str) -> None:
        """Remove an organization that has neither grants nor tickets."""
        await self._executor.execute(REMOVE_ORGANIZATION, organization_id=organization_id)

    async def add_channel(self, code: str, name: str, organizations: Iterable[str]) -> None:
        """Add a channel with its grants."""
        await self._executor.execute(ADD_CHANNEL, code=code, name=name)
        for organization_id in organizations:
            await self.add_grant(code, organization_id)

    async def remove_channel(self, code: str) -> None:
        """Remove a channel that has no application, with its grants."""
        await self._executor.execute(REMOVE_GRANTS, code=code)
        await self._executor.execute(REMOVE_CHANNEL, code=code)

    async def add_grant(self, code: str, organization_id: str) -> None:
        """Show the organization's tickets to the channel."""
        await self._executor.execute(ADD_GRANT, code=code, organization_id=organization_id)

    async def remove_grant(self, code: str, organization_id: str) -> None:
        """Hide the organization's tickets from the channel."""
        await self._executor.execute(REMOVE_GRANT, code=code, organization_id=organization_id)

    async def add_application(self, application_id: str, channel_code: str) -> None:
        """Add an application of a channel."""
        await self._executor.execute(
            ADD_APPLICATION, application_id=application_id, code=channel_code
        )

    async def remove_application(self, application_id: str) -> None:
        """Remove an application with all its keys, codes and tokens."""
        for statement in REMOVE_APPLICATION:
            await self._executor.execute(statement, application_id=application_id)

    async def add_api_key(
        self, application_id: str, key_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """Add a key to an application."""
        values = {"application_id": application_id, "key_hash": key_hash}
        await self._executor.execute(ADD_API_KEY, **values, expires_at=expires_at)

    async def end_api_keys(self, application_id: str, expires_at: datetime) -> None:
        """End all keys of an application at `expires_at`, unless they end before."""
        await self._executor.execute(
            END_API_KEYS, application_id=application_id, expires_at=expires_at
        )
        await self._executor.execute(FORGET_API_KEYS, application_id=application_id)

    async def add_access_token(
        self, application_id: str, token_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """Add an access token to an application."""
        values = {"application_id": application_id, "token_hash": token_hash}
        await self._executor.execute(ADD_ACCESS, **values, expires_at=expires_at)

    async def add_code(self, code_hash: bytes, code: Code) -> None:
        """Add an authorization code."""
        await self._executor.execute(ADD_CODE, code_hash=code_hash, **code._asdict())

    async def add_operator(self, operator: Operator) -> None:
        """Add an operator without keys."""
        await self._executor.execute(ADD_OPERATOR, **_columns(operator))

    async def change_operator(self, operator: Operator) -> None:
        """Give an operator another role and other organizations."""
        await self._executor.execute(CHANGE_OPERATOR, **_columns(operator))

    async def remove_operator(self, name: str) -> None:
        """Remove an operator with its keys."""
        for statement in REMOVE_OPERATOR:
            await self._executor.execute(statement, name=name)

    async def add_operator_key(
        self, name: str, key_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """Add a key to an operator."""
        values = {"name": name, "key_hash": key_hash}
        await self._executor.execute(ADD_OPERATOR_KEY, **values, expires_at=expires_at)

    async def end_operator_keys(self, name: str, expires_at: datetime) -> None:
        """End all keys of an operator at `expires_at`, unless they end before."""
        await self._executor.execute(END_OPERATOR_KEYS, name=name, expires_at=expires_at)
        await self._executor.execute(FORGET_OPERATOR_KEYS, name=name)

    async def note_key_use(self, key_hash: bytes, before: datetime) -> None:
        """Note that a key is used now, unless that was noted after `before`."""
        for statement in NOTE_KEY_USE:
            await self._executor.execute(statement, key_hash=key_hash, before=before)


def _columns(operator: Operator) -> Mapping[str, str | None]:
    name, role, limits = operator
    organizations = None if limits is None else msgspec.json.encode(sorted(limits)).decode()
    return {"name": name, "role": role.value, "organizations": organizations}
