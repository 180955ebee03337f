"""Tickets inside a transaction: their SQL, and rows to and from the domain's values."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import apsw

from seatlatch.domain.channel import Channel
from seatlatch.domain.ticket import Ticket

SEPARATOR = "\x1f"
"""Stands between the organizations of a channel; can't be part of an organization's id."""

REMEMBERED_GRANTS = 256

UNLOCK = """
UPDATE tickets SET mpreserve = 0, mpreserve_channel = NULL, revision = revision + 1
WHERE token = ?1 AND mpreserve_channel = ?2 AND seat_status = 'UNLOCK' AND voided = 0
  AND instr(?3, char(31) || organization_id || char(31))
RETURNING token, owner_id
"""

READ_TICKET = """
SELECT token, organization_id, owner_id, voided, seat_status, mpreserve_channel
FROM tickets WHERE token = ?
"""


class SqliteTransaction:
    """The inside of a transaction that already holds SQLite's one write lock."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def unlock(self, channel: Channel, tokens: Sequence[str]) -> dict[str, str]:
        """Clear mpreserve where the rule says `UNLOCKED`; the owners' ids of what was cleared."""
        code, organizations = channel.code, _joined(channel.organizations)
        bindings = [(token, code, organizations) for token in tokens]
        return dict(self._connection.executemany(UNLOCK, bindings))

    def read_tickets(self, tokens: Collection[str]) -> Mapping[str, Ticket]:
        """The tickets that exist among `tokens`."""
        rows = self._connection.executemany(READ_TICKET, [(token,) for token in tokens])
        return {row[0]: Ticket(*row) for row in rows}


@lru_cache(REMEMBERED_GRANTS)
def _joined(organizations: frozenset[str]) -> str:
    return SEPARATOR + SEPARATOR.join(sorted(organizations)) + SEPARATOR
