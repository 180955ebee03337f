"""Letting callers in and filling the inventory, on SQLite."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import cast

import apsw

from seatlatch.domain.application import ApiKey
from seatlatch.store.interface import Code, DatabaseUse, NewTicket
from seatlatch.store.provisioning import ApplicationEntry, ChannelEntry
from seatlatch.store.sqlite.errors import at_start
from seatlatch.store.sqlite.moments import optional_moment, optional_text, to_text, utc_now
from seatlatch.store.sqlite.opening import open_database

ORGANIZATIONS = "SELECT organization_id, name FROM organizations ORDER BY organization_id"
ADD_ORGANIZATION = "INSERT INTO organizations (organization_id, name) VALUES (?, ?)"
REMOVE_ORGANIZATION = "DELETE FROM organizations WHERE organization_id = ?"
HAS_TICKETS = "SELECT EXISTS (SELECT 1 FROM tickets WHERE organization_id = ?)"
CHANNELS = "SELECT channel_code, name FROM channels ORDER BY channel_code"
GRANTS = "SELECT channel_code, organization_id FROM grants ORDER BY organization_id"
ADD_CHANNEL = "INSERT INTO channels (channel_code, name) VALUES (?, ?)"
REMOVE_GRANTS = "DELETE FROM grants WHERE channel_code = ?"
REMOVE_CHANNEL = "DELETE FROM channels WHERE channel_code = ?"
RESERVED = "SELECT count(*) FROM tickets WHERE mpreserve_channel = ?"
COUNT_WEBHOOKS = "SELECT count(*) FROM webhooks WHERE channel_code = ?"
ADD_GRANT = "INSERT INTO grants (channel_code, organization_id) VALUES (?, ?)"
REMOVE_GRANT = "DELETE FROM grants WHERE channel_code = ? AND organization_id = ?"
APPLICATIONS = "SELECT application_id, channel_code FROM applications ORDER BY application_id"
API_KEYS = """
SELECT application_id, key_hash, expires_at FROM api_keys
WHERE expires_at IS NULL OR expires_at > ? ORDER BY expires_at NULLS LAST, key_hash
"""
ADD_APPLICATION = "INSERT INTO applications (application_id, channel_code) VALUES (?, ?)"
REMOVE_APPLICATION = """
DELETE FROM access_tokens       WHERE application_id = :application;
DELETE FROM token_families      WHERE application_id = :application;
DELETE FROM authorization_codes WHERE application_id = :application;
DELETE FROM api_keys            WHERE application_id = :application;
DELETE FROM applications        WHERE application_id = :application;
"""
ADD_API_KEY = "INSERT INTO api_keys (application_id, key_hash, expires_at) VALUES (?, ?, ?)"
END_API_KEYS = """
UPDATE api_keys SET expires_at = ?2
WHERE application_id = ?1 AND (expires_at IS NULL OR expires_at > ?2)
"""
FORGET_API_KEYS = "DELETE FROM api_keys WHERE application_id = ? AND expires_at <= ?"
ADD_ACCESS = """
INSERT INTO access_tokens (application_id, token_hash, expires_at) VALUES (?, ?, ?)
"""
ADD_CODE = """
INSERT INTO authorization_codes (code_hash, application_id, expires_at, family_hash)
VALUES (?, ?, ?, ?)
"""
OPERATORS = "SELECT operator_name FROM operators ORDER BY operator_name"
ADD_OPERATOR = "INSERT INTO operators (operator_name, key_hash) VALUES (?, ?)"
REMOVE_OPERATOR = "DELETE FROM operators WHERE operator_name = ?"
CLEAR = """
DELETE FROM webhook_messages; DELETE FROM webhooks;
DELETE FROM journal; UPDATE journal_chains
SET number = 0, hash = zeroblob(32), pruned_number = 0, pruned_hash = zeroblob(32);
UPDATE journal_key SET journal_key = lower(hex(randomblob(8)));
DELETE FROM tickets; DELETE FROM access_tokens; DELETE FROM token_families;
DELETE FROM authorization_codes; DELETE FROM api_keys; DELETE FROM applications;
DELETE FROM grants; DELETE FROM channels; DELETE FROM organizations; DELETE FROM operators;
"""
ADD_TICKET = """
INSERT INTO tickets (token, organization_id, owner_id, access_id, section, "row", seat,
                     voided, seat_status, mpreserve, mpreserve_channel, barcode)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 IS NOT NULL, ?10, ?11)
"""


@contextmanager
def provisioning(
    path: Path,
    database_use: DatabaseUse,
    *,
    to_write: bool = True,
    clock: Callable[[], datetime] = utc_now,
) -> Iterator["SqliteProvisioning"]:
    """One transaction on an existing database: all that is done inside is kept, or nothing.

    Who does not want `to_write` waits for nobody who does. Raises `DatabaseProblem`.
    """
    connection = open_database(path, database_use, to_write=to_write)
    try:
        with at_start(path):
            connection.execute("BEGIN IMMEDIATE" if to_write else "BEGIN")
        yield SqliteProvisioning(connection, clock())
        with at_start(path):
            connection.execute("COMMIT")
    finally:
        connection.close()


class SqliteProvisioning:
    """See `store.interface.Provisioning`. The transaction is the one who made it's."""

    def __init__(self, connection: apsw.Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now

    def organizations(self) -> Mapping[str, str]:
        """The name of each organization by its id."""
        rows = self._connection.execute(ORGANIZATIONS)
        return {str(organization_id): str(name) for organization_id, name in rows}

    def add_organization(self, organization_id: str, name: str) -> None:
        """A box office, whose tickets these are."""
        self._connection.execute(ADD_ORGANIZATION, (organization_id, name))

    def remove_organization(self, organization_id: str) -> None:
        """Forget an organization that has neither grants nor tickets."""
        self._connection.execute(REMOVE_ORGANIZATION, (organization_id,))

    def has_tickets(self, organization_id: str) -> bool:
        """Whether there is any ticket of an organization."""
        ((exists,),) = self._connection.execute(HAS_TICKETS, (organization_id,)).fetchall()
        return bool(exists)

    def channels(self) -> Sequence[ChannelEntry]:
        """All channel partners."""
        grants: defaultdict[str, list[str]] = defaultdict(list)
        for code, organization_id in self._connection.execute(GRANTS):
            grants[code].append(organization_id)
        rows = self._connection.execute(CHANNELS)
        return [ChannelEntry(code, name, tuple(grants[code])) for code, name in rows]

    def add_channel(self, code: str, name: str, organizations: Iterable[str]) -> None:
        """A channel partner with its grants."""
        self._connection.execute(ADD_CHANNEL, (code, name))
        self._connection.executemany(ADD_GRANT, [(code, granted) for granted in organizations])

    def remove_channel(self, code: str) -> None:
        """Forget a channel for which no application speaks, with its grants."""
        self._connection.execute(REMOVE_GRANTS, (code,))
        self._connection.execute(REMOVE_CHANNEL, (code,))

    def reserved_tickets(self, code: str) -> int:
        """On how many tickets a channel has set mpreserve."""
        ((tickets,),) = self._connection.execute(RESERVED, (code,)).fetchall()
        return cast(int, tickets)

    def count_webhooks(self, code: str) -> int:
        """How many webhooks a channel has."""
        ((webhooks,),) = self._connection.execute(COUNT_WEBHOOKS, (code,)).fetchall()
        return cast(int, webhooks)

    def add_grant(self, code: str, organization_id: str) -> None:
        """The channel sees the organization's tickets."""
        self._connection.execute(ADD_GRANT, (code, organization_id))

    def remove_grant(self, code: str, organization_id: str) -> None:
        """The channel no longer sees the organization's tickets."""
        self._connection.execute(REMOVE_GRANT, (code, organization_id))

    def applications(self) -> Sequence[ApplicationEntry]:
        """All applications."""
        keys: defaultdict[str, list[ApiKey]] = defaultdict(list)
        for application_id, key_hash, expires_at in self._connection.execute(
            API_KEYS, (to_text(self.now),)
        ):
            keys[application_id].append(ApiKey(key_hash, optional_moment(expires_at)))
        rows = self._connection.execute(APPLICATIONS)
        return [
            ApplicationEntry(application_id, channel_code, tuple(keys[application_id]))
            for application_id, channel_code in rows
        ]

    def add_application(self, application_id: str, channel_code: str) -> None:
        """Software that speaks for a channel."""
        self._connection.execute(ADD_APPLICATION, (application_id, channel_code))

    def remove_application(self, application_id: str) -> None:
        """Forget an application with all its keys, codes and tokens."""
        self._connection.execute(REMOVE_APPLICATION, {"application": application_id})

    def add_api_key(
        self, application_id: str, key_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """One more key for an application."""
        self._connection.execute(ADD_API_KEY, (application_id, key_hash, optional_text(expires_at)))

    def end_api_keys(self, application_id: str, expires_at: datetime) -> None:
        """All keys of an application end at `expires_at`, unless they end before."""
        self._connection.execute(END_API_KEYS, (application_id, to_text(expires_at)))
        self._connection.execute(FORGET_API_KEYS, (application_id, to_text(self.now)))

    def add_access_token(
        self, application_id: str, token_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """One more access token for an application."""
        values = (application_id, token_hash, optional_text(expires_at))
        self._connection.execute(ADD_ACCESS, values)

    def add_code(self, code_hash: bytes, code: Code) -> None:
        """One more authorization code."""
        application_id, expires_at, family_hash = code
        values = (code_hash, application_id, to_text(expires_at), family_hash)
        self._connection.execute(ADD_CODE, values)

    def operators(self) -> Sequence[str]:
        """The names of all operators."""
        return [name for (name,) in self._connection.execute(OPERATORS)]

    def add_operator(self, name: str, key_hash: bytes) -> None:
        """Somebody who speaks for the box office."""
        self._connection.execute(ADD_OPERATOR, (name, key_hash))

    def remove_operator(self, name: str) -> None:
        """Forget an operator with its key."""
        self._connection.execute(REMOVE_OPERATOR, (name,))

    def clear(self) -> None:
        """Remove all that is in it, but not what it was made for."""
        self._connection.execute(CLEAR)

    def add_tickets(self, tickets: Iterable[NewTicket]) -> None:
        """Put tickets into the inventory."""
        self._connection.executemany(ADD_TICKET, tickets)
