"""Commands that only read never wait for a writer."""

from collections.abc import Iterator

import pytest

from tests.cli.commands import run
from tests.databases import Database
from tests.serving import fill, listed


@pytest.fixture
def busy(database: Database) -> Iterator[Database]:
    """An inventory whose write lock is held."""
    fill(database, [listed("a")])
    with database.writing():
        yield database


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("org", "list"), "1001"),
        (("channel", "list"), "test-channel"),
        (("app", "list"), "com.example.test"),
        (("operator", "list"), "box-office"),
        (("tickets", "show", "a"), "test-channel"),
    ],
)
def test_what_only_reads_waits_for_nobody(
    busy: Database, command: tuple[str, ...], shown: str
) -> None:
    result = run(*command, "--database", busy.url)
    assert (result.returncode, result.stderr) == (0, "")
    assert shown in result.stdout
