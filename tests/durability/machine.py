"""A machine with a service on SQLite, as the page about backups has it, in a folder of a test."""

import shutil
from pathlib import Path
from typing import NamedTuple

from tests.durability.drills import block, run_block
from tests.durability.fault_scenarios import add_all_tickets
from tests.sqlite_database import SqliteDatabase

BACKUP = "monday.db"
RESTORE = "### Restore on SQLite"


class Machine(NamedTuple):
    """The folders of a service on SQLite, in place of those that the page names."""

    folder: Path

    @property
    def files(self) -> Path:
        """The folder of the database."""
        return self.folder / "lib"

    @property
    def backups(self) -> Path:
        """The folder of the backups."""
        return self.folder / "backups"

    @property
    def database(self) -> SqliteDatabase:
        """The database."""
        return SqliteDatabase(self.files / "seatlatch.db")

    def own(self, text: str) -> str:
        """A block of the page with the folders of this machine."""
        for name, folder in (
            ("/var/lib/seatlatch", self.files),
            ("/var/backups/seatlatch", self.backups),
            ("/etc", self.folder),
        ):
            text = text.replace(name, str(folder))
        return text

    def run(self, text: str, path: str = "") -> None:
        """Run a block of the page. Programs are first looked for in `path`."""
        run_block(self.own(text), self.database.url, path)


def a_machine(folder: Path) -> Machine:
    """A machine without a database."""
    machine = Machine(folder)
    machine.files.mkdir(parents=True)
    machine.backups.mkdir()
    return machine


def restored(folder: Path, backup: Path, anchor: Path) -> SqliteDatabase:
    """The database of another machine, after a backup took the place of an older database."""
    machine = a_machine(folder)
    shutil.copy(anchor, machine.backups / "anchor.json")
    shutil.copy(backup, machine.backups / BACKUP)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{machine.database.path}{suffix}").write_bytes(b"older")
    machine.run(block(RESTORE))
    return machine.database


def a_service(folder: Path) -> Machine:
    """A machine whose database has all tickets."""
    machine = a_machine(folder)
    SqliteDatabase.made(machine.database.path)
    add_all_tickets(machine.database)
    return machine
