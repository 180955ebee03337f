"""Backups of PostgreSQL under load, by each command that the page has, and their restore."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from tests.durability.drills import Load, block, check_restored, loaded, run_block, timed
from tests.durability.fault_scenarios import (
    ServersDatabase,
    WatchedServer,
    add_all_tickets,
    maker_of,
)
from tests.memory import fast_folder
from tests.postgres import FAST, NO_SERVER, installed
from tests.postgres_database import MAINTENANCE
from tests.requirements import missing
from tests.waiting import until

BACKUPS = "/var/backups/seatlatch"
DATA = "/var/lib/postgresql/18/main"
EXAMPLE_TIME = "2026-12-24 18:00:00+00"
IN_RECOVERY = "SELECT pg_is_in_recovery()"
CURRENT_FILE = "SELECT pg_walfile_name(pg_current_wal_lsn())"
LAST_ARCHIVED = "SELECT last_archived_wal FROM pg_stat_archiver"
BASE, TO_A_TIME = "### pg_basebackup", "### Point in time"


class Source(WatchedServer):
    """A server with archived WAL, as the page sets it up."""

    def _write_options(self, options: Mapping[str, str]) -> None:
        for folder in (self.backups, self.backups / "wal"):
            folder.mkdir()
            os.chown(folder, self.data.stat().st_uid, self.data.stat().st_gid)
        super()._write_options(options)
        settings = self.own(block(TO_A_TIME, ""))
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.write(f"{settings}\n")

    @property
    def backups(self) -> Path:
        """The folder of the backups."""
        return self._folder / "backups"

    def own(self, text: str) -> str:
        """A block of the page with the folder of this server's backups."""
        return text.replace(BACKUPS, str(self.backups))

    def run(self, text: str, url: str = "") -> None:
        """Run a block of the page with the programs of this server, by its own user."""
        run_block(self.own(text), url, self.path, **self._alone())

    @property
    def path(self) -> str:
        """The folder of its programs."""
        return str(self._binaries)

    def archived(self) -> None:
        """Wait until all that was changed until now is archived."""
        with psycopg.connect(self.url(MAINTENANCE), autocommit=True) as hand:
            (file,) = hand.execute(CURRENT_FILE).fetchone() or ("",)
            hand.execute("SELECT pg_switch_wal()")
            until(lambda: (hand.execute(LAST_ARCHIVED).fetchone() or ("",))[0] >= file)

    def now(self) -> str:
        """Its clock, as `recovery_target_time` is written."""
        with psycopg.connect(self.url(MAINTENANCE)) as hand:
            (now,) = hand.execute("SELECT clock_timestamp()::text").fetchone() or ("",)
        return str(now)


class RestoredServer(WatchedServer):
    """A server whose data a block of the page makes from a backup of `source`."""

    def __init__(self, source: Source, restore: str) -> None:
        self._source = source
        self._restore = restore
        super().__init__(FAST)

    def _initialize(self, options: Mapping[str, str]) -> None:
        self._source.run(self._restore.replace(DATA, str(self.data)))
        self._write_options({**options, "archive_mode": "off"})

    def start(self) -> None:
        """Start it, and wait until it accepts changes."""
        super().start()
        with psycopg.connect(self.url(MAINTENANCE), autocommit=True) as hand:
            until(lambda: hand.execute(IN_RECOVERY).fetchone() == (False,))


@pytest.fixture
def source() -> Iterator[Source]:
    """A server with archived WAL."""
    if not installed():
        missing(NO_SERVER)
    made = Source({**FAST, "archive_timeout": "60"}, Path(mkdtemp(dir=fast_folder())))
    try:
        made.start()
        yield made
    finally:
        made.close()


def test_a_backup_has_all_that_was_acknowledged_before(source: Source, tmp_path: Path) -> None:
    made = maker_of(source).unmade("inventory")
    made.begin_with(add_all_tickets)
    database = ServersDatabase(source.url, made.database, "inventory")
    with loaded(database, tmp_path) as load:
        anchor = Path(shutil.copy(load.anchor(), source.backups))
        before_dump = load.acknowledged()
        with timed("pg_dump"):
            source.run(block("### pg_dump"), database.url)
        load.go_on()
        before_base = load.acknowledged()
        with timed("pg_basebackup"):
            source.run(block(BASE), database.url)
        load.go_on()
        before_time, time = load.acknowledged(), source.now()
        load.go_on()
        source.archived()
        load.go_on()
    with timed("the dump is restored and checked"):
        copy = from_dump(source)
        in_dump = check_restored(load, copy, anchor, tmp_path)
    with timed("the base backup is restored and checked"):
        in_base = on_a_restored_server(source, block(BASE, number=1), load, anchor, tmp_path)
    with timed("a point in time is restored and checked"):
        to_time = block(TO_A_TIME).replace(EXAMPLE_TIME, time)
        at_time = on_a_restored_server(source, to_time, load, anchor, tmp_path)
    for before, kept in ((before_dump, in_dump), (before_base, in_base), (before_time, at_time)):
        assert all(map(int.__ge__, kept, before))
        assert kept != load.acknowledged(), "it was taken in the midst of the load"
    assert all(map(int.__ge__, at_time, in_base)), "the archived WAL was applied"
    copy.drop()
    database.drop()


def from_dump(source: Source) -> ServersDatabase:
    """A new database, into which the dump was restored."""
    new = maker_of(source).blank("inventory")
    copy = ServersDatabase(source.url, new.database, "inventory")
    source.run(block("### pg_dump", number=1), copy.url)
    return copy


def on_a_restored_server(
    source: Source, restore: str, load: Load, anchor: Path, folder: Path
) -> list[int]:
    """Restore a server, and check the database on it."""
    assert isinstance(load.database, ServersDatabase)
    server = RestoredServer(source, restore)
    try:
        server.start()
        copy = ServersDatabase(server.url, load.database.database, "inventory")
        kept = check_restored(load, copy, anchor, folder)
        copy.let_go()
    finally:
        server.close()
    return kept
