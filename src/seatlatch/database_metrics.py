"""Gauges that are read from the database, which all processes share: only the latest value counts.

See decision 198.
"""

from collections.abc import Mapping
from time import monotonic
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge

from seatlatch.domain.webhook import ShownState
from seatlatch.plain_metrics import PlainGauge

JOURNAL_ENTRIES = "seatlatch_journal_entries"
VERIFIED_AT = "seatlatch_journal_verified_timestamp_seconds"
DAMAGED_CHAINS = "seatlatch_journal_damaged_chains"
DISK_FREE = "seatlatch_disk_free_bytes"
DISK_SIZE = "seatlatch_disk_size_bytes"
SYNCHRONOUS = "seatlatch_synchronous_replication"
WEBHOOK_PENDING = "seatlatch_webhook_pending_messages"
WEBHOOK_LAG = "seatlatch_webhook_lag_seconds"
WEBHOOK_UNREAD = "seatlatch_webhook_unread_entries"
WEBHOOKS = "seatlatch_webhooks"

MEANINGS = {
    JOURNAL_ENTRIES: "Requests in the journal.",
    VERIFIED_AT: "When the last verification of the journal ended, in seconds since 1970; 0 if it"
    " was never verified.",
    DAMAGED_CHAINS: "Damaged chains that the last verification of the journal found.",
    DISK_FREE: "Free bytes on the disk of the database (SQLite only).",
    DISK_SIZE: "Size of the disk of the database (SQLite only).",
    SYNCHRONOUS: "1 if a COMMIT waits for a standby, else 0 (PostgreSQL only).",
    WEBHOOK_PENDING: "Messages of all processes that are waiting to be sent to webhooks.",
    WEBHOOK_UNREAD: "Entries of the journal that the webhook furthest behind has not read. Each one"
    " notes its place at least every 5,000 entries.",
    WEBHOOK_LAG: "Age in seconds of the oldest message that is waiting to be sent to a webhook.",
}
OF_THE_DATABASE = (*MEANINGS, WEBHOOKS)


class DatabaseMetrics:
    """See the module. A gauge has no sample until it is set.

    `set_at`: gets the time at which each of them was set, by the monotonic clock.
    """

    def __init__(self, registry: CollectorRegistry, set_at: dict[str, float]) -> None:
        self._gauges = {
            name: PlainGauge(name, meaning, registry) for name, meaning in MEANINGS.items()
        }
        self._webhooks = Gauge(WEBHOOKS, "Webhooks by state.", ["state"], registry=registry)
        self._set_at = set_at

    def journal(self, entries: int, verified_at_seconds: float, damaged_chains: int) -> None:
        """Set the number of requests in the journal, and the end and the result of its last
        verification.
        """
        self._set(JOURNAL_ENTRIES, entries)
        self._set(VERIFIED_AT, verified_at_seconds)
        self._set(DAMAGED_CHAINS, damaged_chains)

    def disk(self, free_bytes: int, size_bytes: int) -> None:
        """Set the free space and the size of the database's disk."""
        self._set(DISK_FREE, free_bytes)
        self._set(DISK_SIZE, size_bytes)

    def replication(self, *, is_synchronous: bool) -> None:
        """Set whether a COMMIT waits for a standby."""
        self._set(SYNCHRONOUS, is_synchronous)

    def webhook_backlog(self, messages: int, lag_seconds: float) -> None:
        """Set the number and age of the messages that wait to be sent to webhooks."""
        self._set(WEBHOOK_PENDING, messages)
        self._set(WEBHOOK_LAG, lag_seconds)

    def webhook_unread(self, entries: int) -> None:
        """Set the number of entries that the webhook furthest behind has not read."""
        self._set(WEBHOOK_UNREAD, entries)

    def webhook_states(self, webhooks: Mapping[ShownState, int]) -> None:
        """Set the number of webhooks in each state."""
        for state in get_args(ShownState):
            self._webhooks.labels(state).set(webhooks.get(state, 0))
        self._set_at[WEBHOOKS] = monotonic()

    def _set(self, name: str, value: float) -> None:
        self._gauges[name].value = value
        self._set_at[name] = monotonic()
