"""Authorization codes and the families of tokens that come of them: their SQL.

A code or family that is looked for is locked with that, so that of several who exchange it at once
the next one finds what the first did.
"""

from datetime import datetime

from seatlatch.store.interface import TokenFamily
from seatlatch.store.postgres.snapshot import FIND_CODE, FIND_FAMILY, PostgresSnapshot

FIND_CODE_TO_SPEND = f"{FIND_CODE} FOR UPDATE"
FIND_FAMILY_TO_RENEW = f"{FIND_FAMILY} FOR UPDATE"
SPEND_CODE = """
UPDATE seatlatch.authorization_codes SET family_hash = %s
WHERE code_hash = %s AND family_hash IS NULL
RETURNING 1
"""
ADD_FAMILY = """
INSERT INTO seatlatch.token_families (family_hash, application_id, refresh_hash, expires_at)
VALUES (%s, %s, %s, %s)
RETURNING 1
"""
ROTATE = """
UPDATE seatlatch.token_families
SET refresh_hash = %s, expires_at = %s, previous_refresh_hash = refresh_hash, rotated_at = now()
WHERE family_hash = %s AND refresh_hash = %s
RETURNING 1
"""
REPLACE_SUCCESSOR = """
UPDATE seatlatch.token_families SET refresh_hash = %s, expires_at = %s
WHERE family_hash = %s AND previous_refresh_hash = %s AND rotated_at > %s
RETURNING 1
"""
ADD_ACCESS = """
INSERT INTO seatlatch.access_tokens (family_hash, application_id, token_hash, expires_at)
VALUES (%s, %s, %s, %s)
RETURNING 1
"""
CLEAR_EXPIRED_ACCESS = """
DELETE FROM seatlatch.access_tokens WHERE token_hash IN (
  SELECT token_hash FROM seatlatch.access_tokens
  WHERE application_id = %s AND expires_at <= now() LIMIT 100 FOR UPDATE SKIP LOCKED)
RETURNING 1
"""
"""What others have in hand is left to them, so that nobody waits for it."""
CLEAR_EXPIRED_FAMILIES = """
DELETE FROM seatlatch.token_families WHERE family_hash IN (
  SELECT family_hash FROM seatlatch.token_families
  WHERE application_id = %s AND expires_at <= now() LIMIT 100 FOR UPDATE SKIP LOCKED)
RETURNING 1
"""
CLEAR_EXPIRED_CODES = """
DELETE FROM seatlatch.authorization_codes WHERE code_hash IN (
  SELECT code_hash FROM seatlatch.authorization_codes
  WHERE application_id = %s AND expires_at <= now() LIMIT 100 FOR UPDATE SKIP LOCKED)
RETURNING 1
"""
REVOKE_ACCESS = "DELETE FROM seatlatch.access_tokens WHERE family_hash = %s RETURNING 1"
REVOKE_REFRESH = "DELETE FROM seatlatch.token_families WHERE family_hash = %s RETURNING 1"


class PostgresAuthorizations(PostgresSnapshot):
    """The part of a transaction that gives and takes tokens."""

    find_code_sql = FIND_CODE_TO_SPEND
    find_family_sql = FIND_FAMILY_TO_RENEW

    async def begin_family(self, code_hash: bytes, family_hash: bytes, family: TokenFamily) -> bool:
        """Exchange a code for a new family; False if it was exchanged already."""
        if not await self._rows(SPEND_CODE, (family_hash, code_hash)):
            return False
        await self._rows(ADD_FAMILY, (family_hash, *family))
        return True

    async def rotate(self, family_hash: bytes, spent_hash: bytes, family: TokenFamily) -> bool:
        """Put the next refresh token in the place of the one spent; False if it was not it."""
        values = (family.refresh_hash, family.expires_at, family_hash, spent_hash)
        return bool(await self._rows(ROTATE, values))

    async def replace_successor(
        self,
        family_hash: bytes,
        rotated_hash: bytes,
        family: TokenFamily,
        rotated_after: datetime,
    ) -> bool:
        """Replace the unused successor of the latest rotated refresh token."""
        values = (family.refresh_hash, family.expires_at, family_hash, rotated_hash, rotated_after)
        return bool(await self._rows(REPLACE_SUCCESSOR, values))

    async def put_access_token(
        self, family_hash: bytes, application_id: str, token_hash: bytes, expires_at: datetime
    ) -> None:
        """Give a family its access token, and clear away what has expired."""
        await self._rows(REVOKE_ACCESS, (family_hash,))
        await self._rows(CLEAR_EXPIRED_ACCESS, (application_id,))
        await self._rows(CLEAR_EXPIRED_FAMILIES, (application_id,))
        await self._rows(CLEAR_EXPIRED_CODES, (application_id,))
        await self._rows(ADD_ACCESS, (family_hash, application_id, token_hash, expires_at))

    async def revoke_family(self, family_hash: bytes) -> None:
        """No token of the family is good any more."""
        await self._rows(REVOKE_ACCESS, (family_hash,))
        await self._rows(REVOKE_REFRESH, (family_hash,))
