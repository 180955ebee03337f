"""Commands that change access while something else uses the database."""

import re

import pytest

from seatlatch.store.postgres import store as postgres_store
from seatlatch.store.sqlite import store as sqlite_store
from tests.cli.commands import run_here
from tests.databases import Database
from tests.serving import fill


def test_a_lock_that_is_held_for_too_long_is_named(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    database.wait_for_locks(monkeypatch, 0.05)
    with database.writing():
        result = run_here(database, "org", "add", "9", "--name", "New")
    assert (result.returncode, result.stdout) == (1, "")
    assert re.search("is locked by another (process|transaction); .*wait for it", result.stderr)
    assert run_here(database, "org", "add", "9", "--name", "New").returncode == 0


def test_they_wait_longer_than_a_request() -> None:
    """An import or another command may have the lock for seconds."""
    assert sqlite_store.PATIENT_LOCK_WAIT_SECONDS >= 2 * sqlite_store.LOCK_WAIT_SECONDS
    assert postgres_store.PATIENT_WRITING["lock_timeout"] == "5s"
    assert postgres_store.PATIENT_WRITING["statement_timeout"] == "0"
    assert postgres_store.PATIENT_WRITE_SECONDS >= 3_600
