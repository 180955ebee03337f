"""A PostgreSQL that runs but can't do all: no connection left, read-only, a standby, no room."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tests.durability.callers import READY
from tests.durability.fault_scenarios import CHANGES, WatchedServer, a_day
from tests.postgres import DURABLE
from tests.serving import VERIFY

FEW_CONNECTIONS = 20
TERMINATE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'seatlatch'
"""
ORDINARY_USER = """
CREATE ROLE ordinary LOGIN;
GRANT USAGE ON SCHEMA seatlatch TO ordinary;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA seatlatch TO ordinary;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA seatlatch TO ordinary;
REVOKE UPDATE, DELETE ON seatlatch.journal FROM ordinary;
"""
"""As docs/operating has it: who serves can do without changing the journal's rows."""
STILL_THERE = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'seatlatch'"


def test_out_of_connections() -> None:
    server = WatchedServer({**DURABLE, "max_connections": str(FEW_CONNECTIONS)})
    try:
        server.start()
        address = f"postgresql://ordinary@127.0.0.1:{server.port}/{{name}}"
        with a_day(server, address, prepare=ORDINARY_USER) as day, ExitStack() as others:
            while day.on_server(STILL_THERE) != [(0,)]:
                day.on_server(TERMINATE)
                take_all_connections(others, address.format(name="postgres"))
            day.is_refused()
            others.close()
            day.is_answered()
    finally:
        server.close()


def take_all_connections(others: ExitStack, url: str) -> None:
    with suppress(psycopg.OperationalError):
        while True:
            others.enter_context(psycopg.connect(url))


@pytest.mark.parametrize("connections", ["kept", "new"])
def test_made_read_only(server: WatchedServer, connections: str) -> None:
    """By the database's default, which holds for connections that are made from then on."""
    with a_day(server) as day:
        day.on_server(f"ALTER DATABASE {day.name} SET default_transaction_read_only = on")
        if connections == "new":
            day.on_server(TERMINATE)
            day.is_refused(CHANGES, READY)
            day.is_answered(VERIFY)
        day.on_server(f"ALTER DATABASE {day.name} RESET default_transaction_read_only")
        day.is_answered()


def test_a_standby_that_is_promoted(server: WatchedServer) -> None:
    with a_day(server) as day:
        server.stop()
        server.become_standby()
        server.start()
        day.is_refused(CHANGES, READY)
        day.is_answered(VERIFY)
        day.on_server("SELECT pg_promote()")
        day.is_answered()


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Path]:
    """A file system in memory; skips the test where none may be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="seatlatch-disk-"))
    folder.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0777", "tmpfs", str(folder)]
    try:
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("A small disk needs the right to mount one.")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
    finally:
        folder.rmdir()


def fill_disk(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    return filler


def test_no_room_for_tickets(server: WatchedServer) -> None:
    """An open snapshot keeps old rows from being cleared away, so that the table must grow."""
    with small_disk(2) as folder, a_day(server) as day:
        space = folder / "space"
        space.mkdir()
        os.chown(space, server.data.stat().st_uid, server.data.stat().st_gid)
        day.on_server(f"CREATE TABLESPACE {day.name} LOCATION '{space}'")
        day.database.execute(f"ALTER TABLE tickets SET TABLESPACE {day.name}")
        with psycopg.connect(day.database.url) as snapshot:
            snapshot.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            snapshot.execute("SELECT count(*) FROM seatlatch.tickets")
            filler = fill_disk(folder)
            day.is_refused(CHANGES, READY)
            day.is_answered(VERIFY)
            snapshot.rollback()
        filler.unlink()
        day.is_answered()
        day.database.execute("ALTER TABLE tickets SET TABLESPACE pg_default")
        day.on_server(f"DROP TABLESPACE {day.name}")


def test_no_room_for_the_log() -> None:
    """Without room for its log PostgreSQL ends itself, and whoever watches it starts it again."""
    with small_disk(150) as folder:
        inside = folder / "server"
        inside.mkdir(mode=0o700)
        log = {"max_wal_size": "32MB", "min_wal_size": "32MB"}
        server = WatchedServer({**DURABLE, **log}, inside)
        try:
            server.start()
            with a_day(server) as day:
                filler = fill_disk(folder)
                day.is_refused(CHANGES)
                filler.unlink()
                server.watch()
                day.is_answered()
        finally:
            server.close()
