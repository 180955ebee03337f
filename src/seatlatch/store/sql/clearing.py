"""Removes all data of a database, for a sandbox that starts again."""

from secrets import token_hex

from seatlatch.journal.rows import NO_HASH
from seatlatch.store.sql.executor import Executor

JOURNAL_KEY_BYTES = 8

CLEAR = tuple(
    f"DELETE FROM seatlatch.{table}"
    for table in (
        "console_sessions",
        "console_links",
        "webhook_messages",
        "webhooks",
        "events",
        "client_addresses",
        "journal",
        "tickets",
        "earlier_listings",
        "access_tokens",
        "token_families",
        "authorization_codes",
        "api_keys",
        "applications",
        "grants",
        "channels",
        "organizations",
        "operator_keys",
        "operators",
        "audit",
        "journal_verifications",
    )
)
"""Each table comes after the tables that refer to it."""

CLEAR_CHAINS = """
UPDATE seatlatch.journal_chains
SET number = 0, hash = :no_hash, pruned_number = 0, pruned_hash = :no_hash
"""
NEW_JOURNAL_KEY = "UPDATE seatlatch.journal_key SET journal_key = :journal_key"


async def clear(executor: Executor) -> None:
    """Remove all data; the database keeps its use. Its journal begins again under another key."""
    for statement in CLEAR:
        await executor.execute(statement)
    await executor.execute(CLEAR_CHAINS, no_hash=NO_HASH)
    await executor.execute(NEW_JOURNAL_KEY, journal_key=token_hex(JOURNAL_KEY_BYTES))
