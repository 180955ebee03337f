"""A SQLite file that another process locks or replaces is 503 until it is usable again."""

import pytest

from tests.channel_api.test_whole_request_errors import assert_heals, assert_unavailable
from tests.serving import Served
from tests.sqlite_database import SqliteDatabase

pytestmark = pytest.mark.only_on("sqlite")


def file_of(served: Served) -> SqliteDatabase:
    assert isinstance(served.database, SqliteDatabase)
    return served.database


@pytest.mark.parametrize("mode", ["IMMEDIATE", "EXCLUSIVE"])
def test_database_locked_by_another_process_is_503_until_it_is_free(
    served: Served, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.database.wait_for_locks(monkeypatch, 0.1)
    with file_of(served).locked(mode):
        assert_unavailable(served.unlock("listed-1"))
    assert served.database.mpreserve_of()["listed-1"]
    assert_heals(served, "listed-1")


def test_database_replaced_by_another_file_is_503(served: Served) -> None:
    with served.database.away():
        file_of(served).path.write_bytes(b"")
        assert_unavailable(served.unlock("listed-1"))
    assert_heals(served, "listed-1")
