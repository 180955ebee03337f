"""Backups of a SQLite file under load, by each command that the page has, and their restore."""

import shutil
import sys
from pathlib import Path
from shlex import quote

from tests.durability.drills import block, check_restored, loaded, timed
from tests.durability.machine import BACKUP, a_service, restored
from tests.requirements import missing
from tests.sqlite_database import SqliteDatabase

FIRST = "seatlatch backup"


def test_a_backup_has_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    if shutil.which("sqlite3") is None:
        missing("This needs sqlite3; install it with your system's package manager.")
    commands = {
        FIRST: block("### seatlatch backup"),
        "sqlite3": block("### Without seatlatch"),
        "apsw": f"{sys.executable} -c {quote(block('### Without seatlatch', 'python'))}",
    }
    machine = a_service(tmp_path / "service")
    taken = {}
    with loaded(machine.database, tmp_path) as load:
        for number, (name, command) in enumerate(commands.items()):
            anchor = load.anchor()
            before = load.acknowledged()
            with timed(f"{name} backs up"):
                machine.run(command)
            backup = machine.backups / BACKUP
            taken[name] = (
                before,
                anchor.rename(f"{anchor}{number}"),
                backup.rename(f"{backup}{number}"),
            )
            load.go_on()
    for name, (before, anchor, backup) in taken.items():
        with timed(f"{name} is restored and checked"):
            copy = SqliteDatabase(backup)
            if name == FIRST:
                copy = restored(tmp_path / "elsewhere", backup, anchor)
            kept = check_restored(load, copy, anchor, tmp_path)
        assert all(map(int.__ge__, kept, before)), name
        assert kept != load.acknowledged(), "it was taken in the midst of the load"
