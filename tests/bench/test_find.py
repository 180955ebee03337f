"""The benchmark of searches runs, and its inventory is the one that it asks about."""

import subprocess
import sys
from pathlib import Path

from bench.find_inventory import SEATS, fill_sqlite, listing_of, seat_of
from tests.sqlite_database import SqliteDatabase

ROOT = Path(__file__).parents[2]
SIZE = ("--tickets", "20000", "--questions", "2")
COLUMNS = 'token, organization_id, access_id, section, "row", seat, owner_id, barcode'


def test_the_benchmark_runs() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "bench.find", "--no-results", *SIZE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "externalListingId" in result.stdout


def test_a_seat_is_what_was_filled_in(tmp_path: Path) -> None:
    database = SqliteDatabase.made(tmp_path / "inventory.db")
    fill_sqlite(str(database.path), SEATS + 500)
    rows = set(database.execute(f"SELECT {COLUMNS} FROM tickets"))
    assert len(rows) == SEATS + 500
    for number in (0, 1, 4_999, 5_000, SEATS - 1, SEATS, SEATS + 499):
        assert tuple(seat_of(number)) in rows
        listing = (listing_of(number),)
        ((tickets,),) = database.execute(
            "SELECT count(*) FROM tickets WHERE external_listing_id = ?", *listing
        )
        assert tickets == 4
    entries = database.execute("SELECT DISTINCT listing FROM journal WHERE listing IS NOT NULL")
    assert (listing_of(0),) in entries
