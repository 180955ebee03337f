"""Authorization codes and families of tokens."""

from datetime import datetime

from seatlatch.store.sql.executor import Executor, timestamp
from seatlatch.store.tokens import Code, TokenFamily

FIND_CODE = """
SELECT application_id, expires_at, family_hash
FROM seatlatch.authorization_codes WHERE code_hash = :code_hash
"""
FIND_FAMILY = """
SELECT application_id, refresh_hash, expires_at
FROM seatlatch.token_families WHERE family_hash = :family_hash
"""
SPEND_CODE = """
UPDATE seatlatch.authorization_codes SET family_hash = :family_hash
WHERE code_hash = :code_hash AND family_hash IS NULL
"""
ADD_FAMILY = """
INSERT INTO seatlatch.token_families (family_hash, application_id, refresh_hash, expires_at)
VALUES (:family_hash, :application_id, :refresh_hash, :expires_at)
"""
ROTATE = """
UPDATE seatlatch.token_families
SET refresh_hash = :refresh_hash, expires_at = :expires_at,
    previous_refresh_hash = refresh_hash, rotated_at = now()
WHERE family_hash = :family_hash AND refresh_hash = :spent_hash
"""
REPLACE_SUCCESSOR = """
UPDATE seatlatch.token_families SET refresh_hash = :refresh_hash, expires_at = :expires_at
WHERE family_hash = :family_hash AND previous_refresh_hash = :rotated_hash
  AND rotated_at > :rotated_after
"""
ADD_ACCESS = """
INSERT INTO seatlatch.access_tokens (family_hash, application_id, token_hash, expires_at)
VALUES (:family_hash, :application_id, :token_hash, :expires_at)
"""
REVOKE_ACCESS = "DELETE FROM seatlatch.access_tokens WHERE family_hash = :family_hash"
REVOKE_REFRESH = "DELETE FROM seatlatch.token_families WHERE family_hash = :family_hash"


def _clear_expired(table: str, key: str) -> str:
    """The statement that deletes expired rows. Skips rows that another transaction has locked."""
    return f"""
DELETE FROM seatlatch.{table} WHERE {key} IN (
  SELECT {key} FROM seatlatch.{table}
  WHERE application_id = :application_id AND expires_at <= now()
  LIMIT 100 FOR UPDATE SKIP LOCKED)
"""


CLEAR_EXPIRED = (
    _clear_expired("access_tokens", "token_hash"),
    _clear_expired("token_families", "family_hash"),
    _clear_expired("authorization_codes", "code_hash"),
)


class SqlTokenReader:
    """See `store.tokens.TokenReader`."""

    find_code_sql = FIND_CODE
    find_family_sql = FIND_FAMILY

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def find_code(self, code_hash: bytes) -> Code | None:
        """An authorization code."""
        rows = await self._executor.fetch(self.find_code_sql, code_hash=code_hash)
        for application_id, expires_at, family_hash in rows:
            return Code(application_id, timestamp(expires_at), family_hash)
        return None

    async def find_family(self, family_hash: bytes) -> TokenFamily | None:
        """A family of tokens."""
        rows = await self._executor.fetch(self.find_family_sql, family_hash=family_hash)
        for application_id, refresh_hash, expires_at in rows:
            return TokenFamily(application_id, refresh_hash, timestamp(expires_at))
        return None


class SqlTokens(SqlTokenReader):
    """See `store.tokens.TokenWriter`.

    Finding a code or family locks it. Several transactions that exchange it at the same time run
    one after another, and each finds the result of the previous one.
    """

    find_code_sql = f"{FIND_CODE} FOR UPDATE"
    find_family_sql = f"{FIND_FAMILY} FOR UPDATE"

    async def begin_family(self, code_hash: bytes, family_hash: bytes, family: TokenFamily) -> bool:
        """Exchange a code for a new family."""
        spent = {"code_hash": code_hash, "family_hash": family_hash}
        if not await self._executor.execute(SPEND_CODE, **spent):
            return False
        await self._executor.execute(ADD_FAMILY, family_hash=family_hash, **family._asdict())
        return True

    async def rotate(self, family_hash: bytes, spent_hash: bytes, family: TokenFamily) -> bool:
        """Replace the refresh token."""
        rotated = await self._executor.execute(
            ROTATE, family_hash=family_hash, spent_hash=spent_hash, **family._asdict()
        )
        return bool(rotated)

    async def replace_successor(
        self,
        family_hash: bytes,
        rotated_hash: bytes,
        family: TokenFamily,
        rotated_after: datetime,
    ) -> bool:
        """Replace the unused successor of the latest rotated refresh token."""
        replaced = await self._executor.execute(
            REPLACE_SUCCESSOR,
            family_hash=family_hash,
            rotated_hash=rotated_hash,
            rotated_after=rotated_after,
            **family._asdict(),
        )
        return bool(replaced)

    async def put_access_token(
        self, family_hash: bytes, application_id: str, token_hash: bytes, expires_at: datetime
    ) -> None:
        """Give a family its access token, and delete what has expired."""
        await self._executor.execute(REVOKE_ACCESS, family_hash=family_hash)
        for clear in CLEAR_EXPIRED:
            await self._executor.execute(clear, application_id=application_id)
        await self._executor.execute(
            ADD_ACCESS,
            family_hash=family_hash,
            application_id=application_id,
            token_hash=token_hash,
            expires_at=expires_at,
        )

    async def revoke_family(self, family_hash: bytes) -> None:
        """Revoke the family."""
        await self._executor.execute(REVOKE_ACCESS, family_hash=family_hash)
        await self._executor.execute(REVOKE_REFRESH, family_hash=family_hash)
