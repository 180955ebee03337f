"""How SQLite finds what a page shows: by the indexes, and nothing else is read."""

from pathlib import Path
from typing import Any

import apsw
import pytest

from seatlatch.store.sqlite import snapshot
from tests.serving import make_inventory


@pytest.mark.parametrize(
    "sql", [snapshot.PAGE_OF_EVENT, snapshot.PAGE_OF_LATER_EVENTS, snapshot.FIND_BARCODE]
)
def test_no_page_reads_what_it_does_not_show(tmp_path: Path, sql: str) -> None:
    """Each is sought by all of its conditions, and needs no sorting."""
    make_inventory(tmp_path / "inventory.db")
    connection = apsw.Connection(str(tmp_path / "inventory.db"))
    bindings: tuple[Any, ...] = ("o", "a", 3, 4)[: sql.count("?")]
    ((*_, plan),) = connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings).fetchall()
    connection.close()
    conditions = sql.partition("WHERE")[2].count(" AND ") + 1
    assert str(plan).startswith("SEARCH tickets USING INDEX")
    assert str(plan).count(" AND ") + 1 == conditions
