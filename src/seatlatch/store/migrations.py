"""Migrations: numbered SQL files of an engine, each applied once, all in one transaction."""

import re
from importlib.resources import files
from typing import NamedTuple


class Migration(NamedTuple):
    """One numbered SQL file. A database's schema version is the number of its last migration."""

    number: int
    name: str
    sql: str

    def __str__(self) -> str:
        """As it is told to people."""
        return f"{self.number:04}_{self.name}"


def migrations_of(engine: str) -> list[Migration]:
    """All migrations of an engine, in order."""
    found = []
    for file in (files("seatlatch.store") / "migrations" / engine).iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)
        if match:
            found.append(Migration(int(match[1]), match[2], file.read_text()))
    return sorted(found)
