"""Letting callers in and filling the inventory, on SQLite."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import apsw

from seatlatch.store.interface import DatabaseUse, NewTicket
from seatlatch.store.sqlite.credentials import to_text
from seatlatch.store.sqlite.errors import at_start
from seatlatch.store.sqlite.opening import open_database

IDENTIFIERS = """
SELECT organization_id FROM organizations UNION ALL
SELECT channel_code FROM channels UNION ALL
SELECT channel_code || ' ' || organization_id FROM grants UNION ALL
SELECT application_id FROM applications UNION ALL
SELECT lower(hex(key_hash)) FROM api_keys UNION ALL
SELECT lower(hex(token_hash)) FROM access_tokens
"""
TOKENS = "SELECT token FROM tickets LIMIT ?"
CLEAR = """
DELETE FROM tickets; DELETE FROM access_tokens; DELETE FROM api_keys; DELETE FROM applications;
DELETE FROM grants; DELETE FROM channels; DELETE FROM organizations;
"""
ADD_ORGANIZATION = "INSERT INTO organizations (organization_id, name) VALUES (?, ?)"
ADD_CHANNEL = "INSERT INTO channels (channel_code, name) VALUES (?, ?)"
ADD_GRANT = "INSERT INTO grants (channel_code, organization_id) VALUES (?, ?)"
REMOVE_GRANT = "DELETE FROM grants WHERE channel_code = ? AND organization_id = ?"
ADD_APPLICATION = "INSERT INTO applications (application_id, channel_code) VALUES (?, ?)"
ADD_API_KEY = "INSERT INTO api_keys (application_id, key_hash, expires_at) VALUES (?, ?, ?)"
REVOKE_API_KEY = "UPDATE api_keys SET expires_at = ? WHERE key_hash = ?"
ADD_ACCESS = """
INSERT INTO access_tokens (application_id, token_hash, expires_at) VALUES (?, ?, ?)
"""
REVOKE_ACCESS = """
UPDATE access_tokens SET expires_at = ? WHERE token_hash = ?
"""
ADD_TICKET = """
INSERT INTO tickets (token, organization_id, owner_id, access_id, section, "row", seat,
                     voided, seat_status, mpreserve, mpreserve_channel)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 IS NOT NULL, ?10)
"""


@contextmanager
def provisioning(path: Path, database_use: DatabaseUse) -> Iterator["SqliteProvisioning"]:
    """One transaction on an existing database: all that is done inside is kept, or nothing.

    Raises `DatabaseProblem`.
    """
    connection = open_database(path, database_use)
    try:
        with at_start(path):
            connection.execute("BEGIN IMMEDIATE")
        yield SqliteProvisioning(connection)
        with at_start(path):
            connection.execute("COMMIT")
    finally:
        connection.close()


class SqliteProvisioning:
    """See `store.interface.Provisioning`. The transaction is the one who made it's."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def identifiers(self) -> frozenset[str]:
        """Of all organizations, channels, grants, applications, keys and tokens in it."""
        return frozenset(name for (name,) in self._connection.execute(IDENTIFIERS))

    def tokens(self, limit: int) -> frozenset[str]:
        """The tokens of its tickets, at most `limit` of them."""
        return frozenset(token for (token,) in self._connection.execute(TOKENS, (limit,)))

    def clear(self) -> None:
        """Remove all that is in it, but not what it was made for."""
        self._connection.execute(CLEAR)

    def add_organization(self, organization_id: str, name: str) -> None:
        """A box office, whose tickets these are."""
        self._connection.execute(ADD_ORGANIZATION, (organization_id, name))

    def add_channel(self, code: str, name: str, organizations: Iterable[str]) -> None:
        """A channel partner with its grants."""
        self._connection.execute(ADD_CHANNEL, (code, name))
        self._connection.executemany(ADD_GRANT, [(code, granted) for granted in organizations])

    def remove_grant(self, code: str, organization_id: str) -> None:
        """The channel no longer sees the organization's tickets."""
        self._connection.execute(REMOVE_GRANT, (code, organization_id))

    def add_application(self, application_id: str, channel_code: str) -> None:
        """Software that speaks for a channel."""
        self._connection.execute(ADD_APPLICATION, (application_id, channel_code))

    def add_api_key(
        self, application_id: str, key_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """One more key for an application."""
        self._connection.execute(ADD_API_KEY, (application_id, key_hash, to_text(expires_at)))

    def revoke_api_key(self, key_hash: bytes, now: datetime) -> None:
        """From `now` on the key is not valid."""
        self._connection.execute(REVOKE_API_KEY, (to_text(now), key_hash))

    def add_access_token(
        self, application_id: str, token_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """One more access token for an application."""
        values = (application_id, token_hash, to_text(expires_at))
        self._connection.execute(ADD_ACCESS, values)

    def revoke_access_token(self, token_hash: bytes, now: datetime) -> None:
        """From `now` on the token is not valid."""
        self._connection.execute(REVOKE_ACCESS, (to_text(now), token_hash))

    def add_tickets(self, tickets: Iterable[NewTicket]) -> None:
        """Put tickets into the inventory."""
        self._connection.executemany(ADD_TICKET, tickets)
