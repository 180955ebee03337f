"""SQLite finds the tickets of a page by its indexes, and reads nothing else."""

from pathlib import Path

import apsw
import pytest

from seatlatch.store.sql import tickets
from seatlatch.store.sqlite.executor import translated
from tests.serving import make_inventory


@pytest.mark.parametrize(
    "sql", [tickets.PAGE_OF_EVENT, tickets.PAGE_OF_LATER_EVENTS, tickets.FIND_BARCODES]
)
def test_no_page_reads_what_it_does_not_show(tmp_path: Path, sql: str) -> None:
    """Each query uses all of its conditions to seek, and sorts nothing."""
    make_inventory(tmp_path / "inventory.db")
    connection = apsw.Connection(str(tmp_path / "inventory.db"))
    sought = translated(sql)
    values = dict.fromkeys(("organization_id", "access_id", "after_token", "barcodes"), "[]")
    plans = connection.execute(f"EXPLAIN QUERY PLAN {sought}", {**values, "limit": 4}).fetchall()
    connection.close()
    ((*_, plan), *lists) = plans
    conditions = sql.partition("WHERE")[2].count(" AND ") + 1
    assert str(plan).startswith("SEARCH tickets USING INDEX")
    assert str(plan).count(" AND ") + 1 == conditions
    assert not any("B-TREE" in str(row[-1]) for row in lists)
