"""The hash of a journal row: rows that an older version wrote must still verify."""

from datetime import UTC, datetime

from seatlatch.journal.chain import entry_of, hash_of, is_intact
from seatlatch.journal.rows import NO_HASH, Row, entry_id_of

HASH_OF_0_1 = "1e7cb952a3c3053471a8289c02ef34106c7653ee53b99dda23dfca3d7dfefd80"
"""The hash that version 0.1.0 stored for the row below."""


def test_a_row_of_version_0_1_still_verifies() -> None:
    row = Row(
        entry_id_of(1, 1),
        7,
        datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
        "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2",
        '{"verb":"hold","operator":"x","reason":"moving","outcomes":{"held":["a"]},"changes":[[2,0]]}',
        bytes.fromhex(HASH_OF_0_1),
    )
    assert hash_of(NO_HASH, row) == row.row_hash
    assert is_intact(NO_HASH, row)
    assert entry_of(row).act.external_listing_id is None
