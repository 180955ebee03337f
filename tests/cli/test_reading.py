"""Commands that only read wait for nobody who writes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seatlatch.store.sqlite.opening import open_database
from tests.cli.commands import run
from tests.serving import database_url, listed, make_inventory


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Path]:
    """An inventory on which somebody sits on the write lock."""
    path = tmp_path / "inventory.db"
    make_inventory(path, [listed("a")])
    writer = open_database(path, "inventory")
    writer.execute("BEGIN IMMEDIATE")
    yield path
    writer.close()


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
def test_what_only_reads_waits_for_nobody(busy: Path, command: tuple[str, ...], shown: str) -> None:
    result = run(*command, "--database", database_url(busy))
    assert (result.returncode, result.stderr) == (0, "")
    assert shown in result.stdout
