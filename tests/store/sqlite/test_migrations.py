"""A database of an earlier schema is migrated, and nothing in it is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import Any

import apsw
import pytest

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.sqlite.opening import PAGE_BYTES, configure, make_or_migrate
from seatlatch.store.sqlite.schema import APPLICATION_ID, LATEST_SCHEMA, MIGRATIONS
from seatlatch.store.sqlite.store import SqliteStore
from seatlatch.store.tickets import Mpreserve
from tests.operations.changes import NO_ENTRY
from tests.stores import opened

AT_ONCE = 8
END = "2026-11-23T12:00:00.000000+00:00"
DATA = f"""
INSERT INTO database_use VALUES (1, 'inventory');
INSERT INTO organizations VALUES ('1001', 'Ours'), ('2002', 'Another');
INSERT INTO channels VALUES ('c', 'Channel'), ('d', 'Other');
INSERT INTO grants VALUES ('c', '1001'), ('d', '1001'), ('d', '2002');
INSERT INTO applications VALUES ('com.example.c', 'c'), ('com.example.d', 'd');
INSERT INTO api_keys VALUES (x'01', 'com.example.c', NULL), (x'02', 'com.example.d', '{END}');
INSERT INTO access_tokens VALUES (x'03', 'com.example.c', NULL), (x'04', 'com.example.d', '{END}');
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1999)
INSERT INTO tickets SELECT 'ticket-' || n, iif(n % 2, '1001', '2002'), 'owner-' || n,
  iif(n % 3, 'E' || n % 7, NULL), 'S', NULL, n, n % 5 = 0, iif(n % 7, 'UNLOCK', 'LOCK'),
  n % 11 = 0, iif(n % 11, NULL, 'c'), n + 1 FROM numbers;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with the first schema, and rows in every table."""
    path = tmp_path / "first.db"
    connection = apsw.Connection(str(path))
    connection.pragma("page_size", PAGE_BYTES)
    configure(connection)
    for migration in MIGRATIONS[:1]:
        connection.execute(migration.sql)
    connection.pragma("application_id", APPLICATION_ID)
    connection.execute(DATA)
    connection.pragma("user_version", 1)
    connection.close()
    return path


def content(path: Path, columns_of: Path | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """All rows by table; only those columns that the tables have in another database."""
    with closing(apsw.Connection(str(columns_of or path))) as connection:
        tables = {
            str(table): [f'"{row[1]}"' for row in connection.execute(f"PRAGMA table_info({table})")]
            for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
        }
    with closing(apsw.Connection(str(path))) as connection:
        return {
            table: connection.execute(
                f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2"
            ).fetchall()
            for table, columns in tables.items()
        }


def schema_of(path: Path) -> list[tuple[Any, ...]]:
    with closing(apsw.Connection(str(path))) as connection:
        return [
            (connection.pragma("user_version"), connection.pragma("application_id")),
            *connection.execute(
                "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2"
            ),
        ]


def test_nothing_is_lost_and_the_schema_is_a_new_ones(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    before = content(copy)
    assert all(before.values()), "something is in every table"
    applied = make_or_migrate(path, "inventory")
    assert applied == MIGRATIONS[1:]
    assert content(path, columns_of=copy) == before
    make_or_migrate(tmp_path / "new.db", "inventory")
    assert schema_of(path) == schema_of(tmp_path / "new.db")
    with closing(apsw.Connection(str(path))) as connection:
        assert connection.pragma("integrity_check") == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert make_or_migrate(path, "inventory") == []


def test_a_server_says_what_to_do_before_and_works_after(path: Path) -> None:
    with pytest.raises(DatabaseProblem, match=f"schema 1, .* needs {LATEST_SCHEMA}.*migrate"):
        SqliteStore(path)
    make_or_migrate(path, "inventory")
    channel = Channel("c", frozenset({"1001"}))
    listing = Listing(total_price=Decimal("1.00"))
    with opened(SqliteStore(path)) as store:
        assert store.read_credentials().applications["com.example.c"].channel == channel
        tokens = ["ticket-1", "ticket-11", "ticket-2"]
        locks = dict.fromkeys(tokens, Mpreserve(channel, listing))
        locked = store.commit(lambda inside: inside.tickets.change_mpreserve(locks, NO_ENTRY))
        assert {token: ticket.owner_id for token, ticket in locked.items()} == {
            "ticket-1": "owner-1",
            "ticket-11": "owner-11",
        }
        seen = store.read(lambda seen: seen.tickets.read_whole(["ticket-11"]))
        assert (seen["ticket-11"].listing, seen["ticket-11"].version) == (listing, 13)


def at_once(work: Callable[[], int]) -> list[int]:
    """The results of several threads that start together."""
    together = Barrier(AT_ONCE)

    def begin(_number: int) -> int:
        together.wait()
        return work()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return sorted(threads.map(begin, range(AT_ONCE)))


def test_of_several_who_migrate_at_once_one_does(path: Path) -> None:
    found = at_once(lambda: len(make_or_migrate(path, "inventory")))
    assert found == [0] * (AT_ONCE - 1) + [LATEST_SCHEMA - 1]
    with closing(apsw.Connection(str(path))) as connection:
        assert connection.pragma("integrity_check") == "ok"


def test_a_file_that_is_damaged_is_reported_so(path: Path) -> None:
    sound = path.read_bytes()
    path.write_bytes(sound[:PAGE_BYTES] + bytes(len(sound) - PAGE_BYTES))
    with pytest.raises(DatabaseProblem, match="damaged"):
        make_or_migrate(path, "inventory")
