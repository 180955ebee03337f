"""Authorization codes and the families of tokens that come of them: their SQL."""

from datetime import datetime

import apsw

from seatlatch.store.interface import TokenFamily
from seatlatch.store.sqlite.moments import to_text

SPEND_CODE = """
UPDATE authorization_codes SET family_hash = ?2 WHERE code_hash = ?1 AND family_hash IS NULL
RETURNING 1
"""
ADD_FAMILY = """
INSERT INTO token_families (family_hash, application_id, refresh_hash, expires_at)
VALUES (?, ?, ?, ?)
"""
ROTATE = """
UPDATE token_families
SET refresh_hash = ?3, expires_at = ?4, previous_refresh_hash = refresh_hash, rotated_at = ?5
WHERE family_hash = ?1 AND refresh_hash = ?2
RETURNING 1
"""
REPLACE_SUCCESSOR = """
UPDATE token_families SET refresh_hash = ?3, expires_at = ?4
WHERE family_hash = ?1 AND previous_refresh_hash = ?2 AND rotated_at > ?5
RETURNING 1
"""
ADD_ACCESS = """
INSERT INTO access_tokens (family_hash, application_id, token_hash, expires_at)
VALUES (?, ?, ?, ?)
"""
CLEAR_EXPIRED = """
DELETE FROM access_tokens       WHERE application_id = :application AND expires_at <= :now;
DELETE FROM token_families      WHERE application_id = :application AND expires_at <= :now;
DELETE FROM authorization_codes WHERE application_id = :application AND expires_at <= :now;
"""
REVOKE_ACCESS = "DELETE FROM access_tokens WHERE family_hash = ?"
REVOKE_REFRESH = "DELETE FROM token_families WHERE family_hash = ?"


class SqliteAuthorizations:
    """The part of a transaction that gives and takes tokens."""

    _connection: apsw.Connection
    now: datetime

    async def begin_family(self, code_hash: bytes, family_hash: bytes, family: TokenFamily) -> bool:
        """Exchange a code for a new family; False if it was exchanged already."""
        if not self._connection.execute(SPEND_CODE, (code_hash, family_hash)).fetchall():
            return False
        application_id, refresh_hash, expires_at = family
        values = (family_hash, application_id, refresh_hash, to_text(expires_at))
        self._connection.execute(ADD_FAMILY, values)
        return True

    async def rotate(self, family_hash: bytes, spent_hash: bytes, family: TokenFamily) -> bool:
        """Put the next refresh token in the place of the one spent; False if it was not it."""
        values = (family_hash, spent_hash, family.refresh_hash, to_text(family.expires_at))
        rotated_at = to_text(self.now)
        return bool(self._connection.execute(ROTATE, (*values, rotated_at)).fetchall())

    async def replace_successor(
        self,
        family_hash: bytes,
        rotated_hash: bytes,
        family: TokenFamily,
        rotated_after: datetime,
    ) -> bool:
        """Replace the unused successor of the latest rotated refresh token."""
        values = (family_hash, rotated_hash, family.refresh_hash, to_text(family.expires_at))
        rows = self._connection.execute(REPLACE_SUCCESSOR, (*values, to_text(rotated_after)))
        return bool(rows.fetchall())

    async def put_access_token(
        self, family_hash: bytes, application_id: str, token_hash: bytes, expires_at: datetime
    ) -> None:
        """Give a family its access token, and clear away what has expired."""
        self._connection.execute(REVOKE_ACCESS, (family_hash,))
        ended = {"application": application_id, "now": to_text(self.now)}
        self._connection.execute(CLEAR_EXPIRED, ended)
        values = (family_hash, application_id, token_hash, to_text(expires_at))
        self._connection.execute(ADD_ACCESS, values)

    async def revoke_family(self, family_hash: bytes) -> None:
        """No token of the family is good any more."""
        self._connection.execute(REVOKE_ACCESS, (family_hash,))
        self._connection.execute(REVOKE_REFRESH, (family_hash,))
