"""Sessions of the console, and the links by which partners begin theirs.

See decision 174.
"""

from datetime import datetime
from typing import NamedTuple

from seatlatch.domain.operator import Operator


class NewSession(NamedTuple):
    """A session to begin: of an operator, or of a partner who sees one channel.

    `key_hash`: the key with which an operator signed in; None = by single sign-on.
    """

    operator_name: str | None = None
    key_hash: bytes | None = None
    channel_code: str | None = None


class Session(NamedTuple):
    """A session that has not ended. An operator has the rights that it has now.

    `key_hash` and `channel_code` as in `NewSession`.
    """

    operator: Operator | None
    key_hash: bytes | None
    channel_code: str | None
    expires_at: datetime


class PartnerLink(NamedTuple):
    """A link for a partner of one channel. `created_by`: the name of an operator."""

    channel_code: str
    created_by: str
    expires_at: datetime
