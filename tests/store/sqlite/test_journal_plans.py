"""SQLite finds entries of the journal by indexes, and reads nothing else."""

from array import array
from pathlib import Path
from typing import Any

import apsw
import pytest

from seatlatch.store.sql import client_addresses
from seatlatch.store.sql.journal import READ_ENTRIES
from seatlatch.store.sqlite import journal
from seatlatch.store.sqlite.executor import translated
from tests.serving import make_inventory

JOURNAL = {
    journal.OF_REQUEST[0]: "INTEGER PRIMARY KEY",
    journal.OF_REQUEST[1]: "INTEGER PRIMARY KEY",
    journal.OF_LISTING[0]: "journal_by_listing",
    journal.OF_LISTING[1]: "journal_by_listing",
    journal.PLACES_UP_TO: "INTEGER PRIMARY KEY",
    READ_ENTRIES.format(columns=journal.COLUMNS): "INTEGER PRIMARY KEY",
    client_addresses.READ: "INTEGER PRIMARY KEY",
    client_addresses.READ_OLDEST: "INTEGER PRIMARY KEY",
    client_addresses.ERASE: "INTEGER PRIMARY KEY",
}


@pytest.mark.parametrize("sql", JOURNAL)
def test_the_journal_is_read_by_indexes_and_in_their_order(tmp_path: Path, sql: str) -> None:
    make_inventory(tmp_path / "inventory.db")
    connection = apsw.Connection(str(tmp_path / "inventory.db"))
    sought = translated(sql)
    numbers = apsw.carray(array("q", [1])) if "carray" in sought else 1
    values: Any = (numbers, b"", 1, None, 1)[: 5 if "?5" in sought else 2]
    if ":" in sought:
        values = {"entry_ids": "[]", "after": 0, "limit": 1, "channel": "", "verb": ""}
    plans = connection.execute(f"EXPLAIN QUERY PLAN {sought}", values).fetchall()
    connection.close()
    lines = [str(line[-1]) for line in plans]
    assert any(line.startswith("SEARCH") and JOURNAL[sql] in line for line in lines), lines
    scans = [line for line in lines if line.startswith("SCAN")]
    assert all("json_each" in line or "carray" in line for line in scans), lines
    assert not any("ORDER BY" in line for line in lines), lines
