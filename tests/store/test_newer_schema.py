"""A schema of a newer seatlatch: only versions that can use it work on it."""

import json
import re
from typing import Any

import pytest

from seatlatch import __version__
from seatlatch.store import migrations
from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.migrations import Migration, migrations_of, release, require_usable
from seatlatch.store.postgres import schema as postgres_schema
from seatlatch.store.sqlite import schema as sqlite_schema
from seatlatch.wiring import engine_of
from tests import web
from tests.cli.commands import run_on, running
from tests.databases import ENGINES, Database
from tests.serving import UNLOCK, fill, listed, valid_headers

SCHEMAS: dict[str, Any] = {"sqlite": sqlite_schema, "postgres": postgres_schema}
COLUMN = {
    "sqlite": "ALTER TABLE tickets ADD COLUMN gate TEXT",
    "postgres": "ALTER TABLE seatlatch.tickets ADD COLUMN gate text",
}
UNRECORD = {
    "sqlite": "DELETE FROM schema_compatibility",
    "postgres": "UPDATE migrations SET oldest_version = NULL",
}
NEXT_VERSION = "999.0.0"
COMMANDS = [
    ("org", "list"),
    ("tickets", "show", "a"),
    ("migrate",),
    ("migrate", "--check"),
]


def migrate_as_newer(database: Database, oldest_version: str) -> int:
    """Apply a migration that this seatlatch does not know; returns the number of the schema."""
    schema = SCHEMAS[database.engine]
    number: int = schema.LATEST_SCHEMA + 1
    migration = Migration(number, "of_the_future", COLUMN[database.engine], oldest_version)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, migration])
        engine_of(database.url).make_or_migrate(database.use)
    return number


def require_refused(database: Database, says: str) -> None:
    """A server does not open it, each command prints the reason, and nothing is changed."""
    before = database.kept()
    with pytest.raises(DatabaseProblem, match=f"{re.escape(says)}$"):
        database.store()
    for command in COMMANDS:
        done = run_on(database, *command)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert done.stderr.endswith(f"{says}\n"), done
        assert done.stderr.count("\n") == 1, done
    assert database.kept() == before


@pytest.mark.parametrize("oldest_version", ["0.0.9", __version__])
def test_a_version_that_can_use_it_serves(database: Database, oldest_version: str) -> None:
    fill(database, [listed("a")])
    migrate_as_newer(database, oldest_version)
    with running("serve", "--port", "0", "--database", database.url) as (_, about):
        answer = web.put(about["url"] + UNLOCK, json={"tokens": ["a"]}, headers=valid_headers())
        assert answer.status_code == 200
    assert "1001" in run_on(database, "org", "list").stdout


def test_a_version_that_can_use_it_has_nothing_to_migrate(database: Database) -> None:
    migrate_as_newer(database, __version__)
    before = database.kept()
    applied, check = run_on(database, "migrate", "--json"), run_on(database, "migrate", "--check")
    assert json.loads(applied.stdout)["applied"] == []
    assert (applied.returncode, check.returncode) == (0, 0)
    assert check.stdout.endswith(" is up to date.\n")
    assert database.kept() == before


def test_a_version_that_is_too_old_is_refused(database: Database) -> None:
    number = migrate_as_newer(database, NEXT_VERSION)
    says = (
        f" has schema {number}, made by a newer seatlatch. The oldest version that can use it is"
        f" {NEXT_VERSION}, this one is {__version__}. Install {NEXT_VERSION} or later."
    )
    require_refused(database, says)


def test_one_of_which_nothing_is_recorded_is_refused(database: Database) -> None:
    number = migrate_as_newer(database, __version__)
    database.execute(UNRECORD[database.engine])
    says = (
        f" has schema {number}, made by a newer seatlatch than this one, which knows {number - 1}."
        " Install the newer seatlatch."
    )
    require_refused(database, says)


@pytest.mark.parametrize(
    ("this", "oldest", "usable"),
    [
        ("0.10.0", "0.9.0", True),
        ("0.9.0", "0.10.0", False),
        ("1.0.0", "0.99.99", True),
        ("0.2.1", "0.2.2", False),
        ("1.0.0rc1", "1.0.0", True),
    ],
)
def test_versions_are_compared_by_their_numbers(
    monkeypatch: pytest.MonkeyPatch, this: str, oldest: str, usable: bool
) -> None:
    monkeypatch.setattr(migrations, "__version__", this)
    if usable:
        require_usable("d", 2, 1, oldest)
    else:
        with pytest.raises(DatabaseProblem, match=f"is {oldest}, this one is {this}"):
            require_usable("d", 2, 1, oldest)


@pytest.mark.parametrize("name", ENGINES)
def test_no_migration_allows_a_version_that_an_earlier_one_excludes(name: str) -> None:
    oldest = [release(migration.oldest_version) for migration in migrations_of(name)]
    assert oldest == sorted(oldest)
