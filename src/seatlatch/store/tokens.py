"""The interface for issuing tokens: authorization codes, and families of tokens."""

from datetime import datetime
from typing import NamedTuple, Protocol


class Code(NamedTuple):
    """An authorization code, good for one exchange. `family_hash` None = not used yet."""

    application_id: str
    expires_at: datetime
    family_hash: bytes | None = None


class TokenFamily(NamedTuple):
    """All tokens that were issued from one code. Only its latest refresh token can be used."""

    application_id: str
    refresh_hash: bytes
    expires_at: datetime


class TokenReader(Protocol):
    """Reads codes and families. Part of a snapshot."""

    async def find_code(self, code_hash: bytes) -> Code | None:
        """An authorization code, unless it was deleted after it had expired."""

    async def find_family(self, family_hash: bytes) -> TokenFamily | None:
        """A family of tokens, unless it was revoked, or deleted after it had expired."""


class TokenWriter(TokenReader, Protocol):
    """Issues and revokes tokens. Part of a transaction."""

    async def begin_family(self, code_hash: bytes, family_hash: bytes, family: TokenFamily) -> bool:
        """Exchange a code for a new family; False if the code had already been exchanged."""

    async def rotate(self, family_hash: bytes, spent_hash: bytes, family: TokenFamily) -> bool:
        """Replace a family's refresh token, which is spent, with the next one; False if it was not
        the latest.
        """

    async def replace_successor(
        self,
        family_hash: bytes,
        rotated_hash: bytes,
        family: TokenFamily,
        rotated_after: datetime,
    ) -> bool:
        """Replace the unused successor of a family's latest rotated refresh token.

        False if `rotated_hash` isn't that token or it was not rotated after `rotated_after`. The
        rotation's timestamp stays, so repeated calls don't extend the time.
        """

    async def put_access_token(
        self, family_hash: bytes, application_id: str, token_hash: bytes, expires_at: datetime
    ) -> None:
        """Give a family its access token, which replaces the one that it had.

        Deletes expired codes, families and tokens of the application.
        """

    async def revoke_family(self, family_hash: bytes) -> None:
        """Revoke the family: none of its tokens can be used any longer."""
