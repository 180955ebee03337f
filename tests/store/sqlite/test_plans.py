"""SQLite finds tickets and messages by its indexes, reads nothing else, and sorts no tickets."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from seatlatch.store.finding import BY_TOKEN
from seatlatch.store.sql import tickets, webhook_changes, webhooks
from seatlatch.store.sqlite.executor import translated
from tests.serving import make_inventory
from tests.store.searches import INDEX_NAMES, every_range

BOUNDS = {"at": "", "limit": 1, "portion": 1, "before_last": 0}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    """A connection to an inventory without statistics, as every one is."""
    make_inventory(tmp_path / "inventory.db")
    connection = apsw.Connection(str(tmp_path / "inventory.db"))
    yield connection
    connection.close()


def plan_of(connection: apsw.Connection, sql: str, values: dict[str, Any]) -> list[str]:
    """The steps of a statement."""
    rows = connection.execute(f"EXPLAIN QUERY PLAN {translated(sql)}", values)
    return [str(row[-1]) for row in rows]


def test_barcodes_are_found_by_their_index(connection: apsw.Connection) -> None:
    values = {"access_id": "E", "barcodes": "[]"}
    step, *_ = plan_of(connection, tickets.FIND_BARCODES, values)
    assert step.startswith("SEARCH tickets USING INDEX tickets_by_barcode (barcode=? AND <expr>=?)")


def test_a_range_is_found_by_all_of_its_values(connection: apsw.Connection) -> None:
    """Each statement seeks by every value, in the index of the search."""
    for name, search, keys, searched in every_range(seeks_rows=False):
        values = {
            **searched.values,
            "organizations": "[]",
            "at": "",
            "limit": 1,
            "portion": 1,
            "before_last": 0,
        }
        for sql in (searched.find, searched.last, searched.count):
            steps = plan_of(connection, sql, values)
            seeks = [step for step in steps if step.startswith("SEARCH")]
            text = f"{name}, {keys}: {steps}"
            sought = search.known + keys
            assert len(seeks) == bool(sought), text
            assert [step.count("?") for step in seeks] in ([], [sought]), text
            index = "PRIMARY KEY" if search.by is BY_TOKEN else INDEX_NAMES[search.by]
            assert all(f" {index} (" in step for step in seeks), text
            assert not any("B-TREE" in step for step in steps), text
            is_covered = all("COVERING" in step for step in seeks) or search.by is BY_TOKEN
            assert is_covered == (sql != searched.find or search.by is BY_TOKEN), text


MESSAGE_INDEXES = {
    webhooks.PENDING_MESSAGES: {"webhook_messages_pending", "webhook_messages_tests"},
    webhooks.WAITING_TESTS: {"webhook_messages_tests"},
    webhooks.SUCCESS_RATES: {"webhook_messages_attempted"},
    webhooks.DELIVERED_SINCE: {"webhook_messages_attempted"},
    webhooks.ACTIVITY: {"webhook_messages_pending", "webhook_messages_attempted"},
    webhooks.DELIVERIES["all"]: {"webhook_messages_in_order"},
    webhooks.DELIVERIES["failed"]: {"webhook_messages_failed"},
    webhooks.DELIVERIES["pending"]: {"webhook_messages_pending"},
    webhooks.DELIVERIES["given_up"]: {"webhook_messages_failed"},
    webhook_changes.PRUNE: {"webhook_messages_attempted"},
}
"""The indexes by which each statement finds the messages of an endpoint."""


def test_messages_are_found_by_the_index_that_has_only_those(connection: apsw.Connection) -> None:
    values = dict.fromkeys(("webhook_ids", "webhook_id", "since", "before", "limit"), "1")
    for sql, indexes in MESSAGE_INDEXES.items():
        plans = connection.execute(f"EXPLAIN QUERY PLAN {translated(sql)}", values).fetchall()
        steps = " ".join(str(row[-1]) for row in plans)
        assert set(re.findall(r"webhook_messages_\w+", steps)) == indexes, sql
        assert "SCAN webhook_messages" not in steps
