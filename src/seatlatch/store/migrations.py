"""Migrations: numbered SQL files of an engine, each applied once, all in one transaction.

See decision 136.
"""

import re
from importlib.resources import files
from typing import NamedTuple

from seatlatch import __version__
from seatlatch.store.interface import DatabaseProblem

READ_USE = "SELECT database_use FROM seatlatch.database_use"

HEADER = re.compile(r"-- The oldest seatlatch that can use this schema: (\d+\.\d+\.\d+)\n")
"""The first line of each file."""


class Migration(NamedTuple):
    """One numbered SQL file. A database's schema version is the number of its last migration.

    `oldest_version` is the oldest seatlatch that can use the schema after it.
    """

    number: int
    name: str
    sql: str
    oldest_version: str

    def __str__(self) -> str:
        """The number and name, for people."""
        return f"{self.number:04}_{self.name}"


def migrations_of(engine: str) -> list[Migration]:
    """All migrations of an engine, in order."""
    found = []
    for file in (files("seatlatch.store") / "migrations" / engine).iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)
        if match:
            sql = file.read_text()
            header = HEADER.match(sql)
            if header is None:
                raise AssertionError(f"{file.name} does not begin with the oldest seatlatch")
            found.append(Migration(int(match[1]), match[2], sql, header[1]))
    return sorted(found)


def require_usable(database: str, schema: int, latest: int, oldest_version: str | None) -> None:
    """Raise `DatabaseProblem` unless this seatlatch, which knows the schemas up to `latest`, can
    use a newer one. `oldest_version` is the version that the database has recorded; None = none.
    """
    if oldest_version is None:
        raise DatabaseProblem(
            f"The database {database} has schema {schema}, made by a newer seatlatch than"
            f" this one, which knows {latest}. Install the newer seatlatch."
        )
    if release(__version__) < release(oldest_version):
        raise DatabaseProblem(
            f"The database {database} has schema {schema}, made by a newer seatlatch. The oldest"
            f" version that can use it is {oldest_version}, this one is {__version__}."
            f" Install {oldest_version} or later."
        )


def release(version: str) -> tuple[int, ...]:
    """The three numbers of a version, to compare; a pre-release counts as its release."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
