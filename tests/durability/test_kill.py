"""kill -9 under load: what was acknowledged is in the database afterwards, and nothing by half.

A killed process loses nothing that it wrote, synced or not; that is for the power losses to show.
Here the whole path is under test: socket, group, transaction, recovery at the next start. Beside
the server a file is imported now and then, and that is killed too.

`python -m campaigns.kill` runs many more cycles.
"""

import random
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from seatlatch.operations.change_tickets import hold_tickets
from tests.durability.killed_inventory import TOKENS, Files, KilledInventory
from tests.durability.mixed_load import OPEN, Client, read_states
from tests.journals import disagreements
from tests.operations.changes import ASKER
from tests.serving import make_inventory
from tests.sqlite_database import SqliteDatabase

CYCLES = 50
JOURNAL_CYCLES = 25
"""The cycles after which the journal is compared with the tickets."""


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    inventory = KilledInventory(tmp_path / "inventory.db", random.randrange(10**6))
    for cycle in range(1, CYCLES + 1):
        inventory.kill_under_load()
        inventory.check_tickets()
        if cycle % JOURNAL_CYCLES == 0:
            inventory.check_journal()
    seed = inventory.seed
    cut_off = inventory.cut_off
    assert 0 < cut_off < CYCLES / 2, f"seed {seed}: some imports are to end and some to be killed"


def test_control_a_lost_or_half_change_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path)
    files = Files(path)
    assert files.start().wait() == 0
    files.check(0, "as it should be")
    client = Client(TOKENS[:3], 0)
    lost, half, asked = TOKENS[:3]
    client.model[lost] = OPEN._replace(seat_status="LOCK", hold_reason="R1")
    client.model[half] = client.pending[asked] = client.model[lost]
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("UPDATE tickets SET seat_status = 'LOCK' WHERE token = ?", (half,))
    wrong = client.settle(read_states(path))
    assert wrong == {lost: OPEN, half: OPEN._replace(seat_status="LOCK")}
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("UPDATE tickets SET seat = '2' WHERE token = ?", (half,))
    with pytest.raises(AssertionError, match="by half"):
        files.check(0, "a ticket is of another file")
    killed = files.start()
    killed.kill()
    killed.wait()
    with pytest.raises(AssertionError, match="was lost"):
        files.check(0, "it was never acknowledged")


def test_control_a_change_without_its_entry_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path)
    assert Files(path).start().wait() == 0
    database = SqliteDatabase(path)
    tokens = TOKENS[:3]
    database.change(lambda commits: hold_tickets(commits, ASKER, tokens, "R1"))
    assert disagreements(database) == []
    by_hand = "UPDATE tickets SET seat_status = 'UNLOCK', hold_reason = NULL WHERE token = ?"
    database.execute(by_hand, tokens[0])
    (by_hand,) = disagreements(database)
    assert tokens[0] in by_hand
    database.execute("UPDATE tickets SET entry_id = entry_id + 1 WHERE token = ?", TOKENS[5])
    assert len(disagreements(database)) == 2
    database.execute("DELETE FROM journal")
    assert len(disagreements(database)) == 5, "the chain, and four tickets that no entry tells of"
