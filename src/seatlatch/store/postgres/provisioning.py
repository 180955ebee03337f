"""Letting callers in and filling the inventory, on PostgreSQL."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from seatlatch.domain.application import ApiKey
from seatlatch.store.interface import Code, DatabaseUse, NewTicket
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.reading import utc
from seatlatch.store.postgres.schema import (
    BE_ALONE,
    SyncConnection,
    connected,
    durable,
    one_row,
    require_ours,
)
from seatlatch.store.postgres.snapshot import optional_utc
from seatlatch.store.provisioning import ApplicationEntry, ChannelEntry

ORGANIZATIONS = """
SELECT organization_id, name FROM seatlatch.organizations ORDER BY organization_id
"""
ADD_ORGANIZATION = "INSERT INTO seatlatch.organizations (organization_id, name) VALUES (%s, %s)"
REMOVE_ORGANIZATION = "DELETE FROM seatlatch.organizations WHERE organization_id = %s"
HAS_TICKETS = "SELECT EXISTS (SELECT 1 FROM seatlatch.tickets WHERE organization_id = %s)"
CHANNELS = "SELECT channel_code, name FROM seatlatch.channels ORDER BY channel_code"
GRANTS = "SELECT channel_code, organization_id FROM seatlatch.grants ORDER BY organization_id"
ADD_CHANNEL = "INSERT INTO seatlatch.channels (channel_code, name) VALUES (%s, %s)"
REMOVE_GRANTS = "DELETE FROM seatlatch.grants WHERE channel_code = %s"
REMOVE_CHANNEL = "DELETE FROM seatlatch.channels WHERE channel_code = %s"
RESERVED = "SELECT count(*) FROM seatlatch.tickets WHERE mpreserve_channel = %s"
COUNT_WEBHOOKS = "SELECT count(*) FROM seatlatch.webhooks WHERE channel_code = %s"
ADD_GRANT = "INSERT INTO seatlatch.grants (channel_code, organization_id) VALUES (%s, %s)"
REMOVE_GRANT = "DELETE FROM seatlatch.grants WHERE channel_code = %s AND organization_id = %s"
APPLICATIONS = """
SELECT application_id, channel_code FROM seatlatch.applications ORDER BY application_id
"""
API_KEYS = """
SELECT application_id, key_hash, expires_at FROM seatlatch.api_keys
WHERE expires_at IS NULL OR expires_at > now() ORDER BY expires_at NULLS LAST, key_hash
"""
ADD_APPLICATION = """
INSERT INTO seatlatch.applications (application_id, channel_code) VALUES (%s, %s)
"""
REMOVE_APPLICATION = (
    "DELETE FROM seatlatch.access_tokens       WHERE application_id = %s",
    "DELETE FROM seatlatch.token_families      WHERE application_id = %s",
    "DELETE FROM seatlatch.authorization_codes WHERE application_id = %s",
    "DELETE FROM seatlatch.api_keys            WHERE application_id = %s",
    "DELETE FROM seatlatch.applications        WHERE application_id = %s",
)
ADD_API_KEY = """
INSERT INTO seatlatch.api_keys (application_id, key_hash, expires_at) VALUES (%s, %s, %s)
"""
END_API_KEYS = """
UPDATE seatlatch.api_keys SET expires_at = %(end)s
WHERE application_id = %(application)s AND (expires_at IS NULL OR expires_at > %(end)s)
"""
FORGET_API_KEYS = """
DELETE FROM seatlatch.api_keys WHERE application_id = %s AND expires_at <= now()
"""
ADD_ACCESS = """
INSERT INTO seatlatch.access_tokens (application_id, token_hash, expires_at) VALUES (%s, %s, %s)
"""
ADD_CODE = """
INSERT INTO seatlatch.authorization_codes (code_hash, application_id, expires_at, family_hash)
VALUES (%s, %s, %s, %s)
"""
OPERATORS = "SELECT operator_name FROM seatlatch.operators ORDER BY operator_name"
ADD_OPERATOR = "INSERT INTO seatlatch.operators (operator_name, key_hash) VALUES (%s, %s)"
REMOVE_OPERATOR = "DELETE FROM seatlatch.operators WHERE operator_name = %s"
CLEAR = """
DELETE FROM seatlatch.webhook_messages;
DELETE FROM seatlatch.webhooks;
DELETE FROM seatlatch.journal;
UPDATE seatlatch.journal_chains
SET number = 0, hash = DEFAULT, pruned_number = 0, pruned_hash = DEFAULT;
UPDATE seatlatch.journal_key
SET journal_key = left(replace(gen_random_uuid()::text, '-', ''), 16);
DELETE FROM seatlatch.tickets;
DELETE FROM seatlatch.access_tokens;
DELETE FROM seatlatch.token_families;
DELETE FROM seatlatch.authorization_codes;
DELETE FROM seatlatch.api_keys;
DELETE FROM seatlatch.applications;
DELETE FROM seatlatch.grants;
DELETE FROM seatlatch.channels;
DELETE FROM seatlatch.organizations;
DELETE FROM seatlatch.operators;
"""
COPY_TICKETS = """
COPY seatlatch.tickets (token, organization_id, owner_id, access_id, section, "row", seat,
                        voided, seat_status, mpreserve, mpreserve_channel, barcode) FROM STDIN
"""
MOMENT = "SELECT now()"


@contextmanager
def provisioning(
    address: Address, database_use: DatabaseUse, *, to_write: bool = True
) -> Iterator["PostgresProvisioning"]:
    """One transaction on an existing database: all that is done inside is kept, or nothing.

    Those who write go one after the other, and never beside one who puts tickets: what an
    organization or channel has is looked at before it is removed. Raises `DatabaseProblem`.
    """
    with connected(address) as connection, durable(connection, address):
        require_ours(connection, address, database_use, to_write=to_write)
        if to_write:
            connection.execute(BE_ALONE)
        yield PostgresProvisioning(connection)


class PostgresProvisioning:
    """See `store.provisioning.Provisioning`. The transaction is the one who made it's."""

    def __init__(self, connection: SyncConnection) -> None:
        self._connection = connection
        self.now = utc(one_row(connection, MOMENT)[0])

    def _do(self, sql: str, *values: Any) -> None:
        self._connection.execute(sql.encode(), values)

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql.encode(), values).fetchall()

    def organizations(self) -> Mapping[str, str]:
        """The name of each organization by its id."""
        return dict(self._rows(ORGANIZATIONS))

    def add_organization(self, organization_id: str, name: str) -> None:
        """A box office, whose tickets these are."""
        self._do(ADD_ORGANIZATION, organization_id, name)

    def remove_organization(self, organization_id: str) -> None:
        """Forget an organization that has neither grants nor tickets."""
        self._do(REMOVE_ORGANIZATION, organization_id)

    def has_tickets(self, organization_id: str) -> bool:
        """Whether there is any ticket of an organization."""
        ((exists,),) = self._rows(HAS_TICKETS, organization_id)
        return bool(exists)

    def channels(self) -> Sequence[ChannelEntry]:
        """All channel partners."""
        grants: defaultdict[str, list[str]] = defaultdict(list)
        for code, organization_id in self._rows(GRANTS):
            grants[code].append(organization_id)
        return [
            ChannelEntry(code, name, tuple(grants[code])) for code, name in self._rows(CHANNELS)
        ]

    def add_channel(self, code: str, name: str, organizations: Iterable[str]) -> None:
        """A channel partner with its grants."""
        self._do(ADD_CHANNEL, code, name)
        for organization_id in organizations:
            self._do(ADD_GRANT, code, organization_id)

    def remove_channel(self, code: str) -> None:
        """Forget a channel for which no application speaks, with its grants."""
        self._do(REMOVE_GRANTS, code)
        self._do(REMOVE_CHANNEL, code)

    def reserved_tickets(self, code: str) -> int:
        """On how many tickets a channel has set mpreserve."""
        ((tickets,),) = self._rows(RESERVED, code)
        return int(tickets)

    def count_webhooks(self, code: str) -> int:
        """How many webhooks a channel has."""
        ((webhooks,),) = self._rows(COUNT_WEBHOOKS, code)
        return int(webhooks)

    def add_grant(self, code: str, organization_id: str) -> None:
        """The channel sees the organization's tickets."""
        self._do(ADD_GRANT, code, organization_id)

    def remove_grant(self, code: str, organization_id: str) -> None:
        """The channel no longer sees the organization's tickets."""
        self._do(REMOVE_GRANT, code, organization_id)

    def applications(self) -> Sequence[ApplicationEntry]:
        """All applications."""
        keys: defaultdict[str, list[ApiKey]] = defaultdict(list)
        for application_id, key_hash, expires_at in self._rows(API_KEYS):
            keys[application_id].append(ApiKey(key_hash, optional_utc(expires_at)))
        return [
            ApplicationEntry(application_id, channel_code, tuple(keys[application_id]))
            for application_id, channel_code in self._rows(APPLICATIONS)
        ]

    def add_application(self, application_id: str, channel_code: str) -> None:
        """Software that speaks for a channel."""
        self._do(ADD_APPLICATION, application_id, channel_code)

    def remove_application(self, application_id: str) -> None:
        """Forget an application with all its keys, codes and tokens."""
        for sql in REMOVE_APPLICATION:
            self._do(sql, application_id)

    def add_api_key(
        self, application_id: str, key_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """One more key for an application."""
        self._do(ADD_API_KEY, application_id, key_hash, expires_at)

    def end_api_keys(self, application_id: str, expires_at: datetime) -> None:
        """All keys of an application end at `expires_at`, unless they end before."""
        values = {"application": application_id, "end": expires_at}
        self._connection.execute(END_API_KEYS, values)
        self._do(FORGET_API_KEYS, application_id)

    def add_access_token(
        self, application_id: str, token_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """One more access token for an application."""
        self._do(ADD_ACCESS, application_id, token_hash, expires_at)

    def add_code(self, code_hash: bytes, code: Code) -> None:
        """One more authorization code."""
        application_id, expires_at, family_hash = code
        self._do(ADD_CODE, code_hash, application_id, expires_at, family_hash)

    def operators(self) -> Sequence[str]:
        """The names of all operators."""
        return [name for (name,) in self._rows(OPERATORS)]

    def add_operator(self, name: str, key_hash: bytes) -> None:
        """Somebody who speaks for the box office."""
        self._do(ADD_OPERATOR, name, key_hash)

    def remove_operator(self, name: str) -> None:
        """Forget an operator with its key."""
        self._do(REMOVE_OPERATOR, name)

    def clear(self) -> None:
        """Remove all that is in it, but not what it was made for."""
        self._connection.execute(CLEAR)

    def add_tickets(self, tickets: Iterable[NewTicket]) -> None:
        """Put tickets into the inventory."""
        with self._connection.cursor() as cursor, cursor.copy(COPY_TICKETS) as copy:
            for ticket in tickets:
                *before, channel, barcode = ticket
                copy.write_row((*before, channel is not None, channel, barcode))
