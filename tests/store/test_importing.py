"""An import: all or nothing, never touching what the marketplace or the box office has set."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw
import pytest

from seatlatch.domain.ticket import TicketRecord
from seatlatch.operations.import_tickets import BAD_LINES_SHOWN, Imported, Line, import_tickets
from seatlatch.store.importing import BadLine, Portion
from seatlatch.store.interface import NewTicket
from seatlatch.store.sqlite import importing as importing_module
from seatlatch.store.sqlite.importing import SqliteImporting, importing
from seatlatch.store.sqlite.opening import open_database
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, make_inventory

ALL = "SELECT * FROM tickets ORDER BY token"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.db"
    make_inventory(
        path,
        [
            NewTicket("listed", ORGANIZATION, "o", "E", "1", "A", "7", mpreserve_channel=CHANNEL),
            NewTicket("held", ORGANIZATION, "o", "E", seat_status="LOCK"),
            NewTicket("voided", ORGANIZATION, "o", "E", voided=True),
            NewTicket("foreign", FOREIGN_ORGANIZATION, "o", "E"),
        ],
    )
    return path


def rows(path: Path, sql: str = ALL) -> list[Any]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def lines(*records: TicketRecord) -> list[Line]:
    return list(enumerate(records, 2))


def ticket(token: str, owner_id: str = "new", **fields: str) -> TicketRecord:
    return TicketRecord(token, ORGANIZATION, owner_id, **fields)


def run(path: Path, found: Iterable[Line], *, keep_good: bool = False) -> Imported:
    with importing(path, ORGANIZATION) as inside:
        return import_tickets(inside, found, keep_good=keep_good, merged=lambda _: None)


def test_new_ones_are_added_and_those_that_exist_brought_up_to_date(path: Path) -> None:
    found = lines(ticket("b", seat="1"), ticket("listed", section="2"), ticket("a"))
    assert run(path, found) == Imported(True, 2, 1, 0, 0, ())
    assert run(path, found) == Imported(True, 0, 0, 3, 0, ())
    said = 'SELECT token, owner_id, access_id, section, "row", seat FROM tickets'
    assert rows(path, f"{said} WHERE owner_id = 'new' ORDER BY token") == [
        ("a", "new", None, None, None, None),
        ("b", "new", None, None, None, "1"),
        ("listed", "new", "E", "2", "A", "7"),
    ]


def test_mpreserve_seat_status_and_void_are_never_touched(path: Path) -> None:
    kept = """SELECT token, voided, seat_status, mpreserve, mpreserve_channel FROM tickets
              WHERE token IN ('listed', 'held', 'voided') ORDER BY token"""
    before = rows(path, kept)
    assert run(path, lines(ticket("listed"), ticket("held"), ticket("voided"))).updated == 3
    assert rows(path, kept) == before


def test_an_empty_field_leaves_what_is_there(path: Path) -> None:
    before = rows(path, "SELECT * FROM tickets WHERE token = 'listed'")
    empty = dict.fromkeys(("access_id", "section", "row", "seat", "barcode"), "")
    assert run(path, lines(ticket("listed", "o", **empty))).unchanged == 1
    assert rows(path, "SELECT * FROM tickets WHERE token = 'listed'") == before


BAD = BadLine(3, "owner_id", "must not be empty")


@pytest.mark.parametrize(
    ("found", "bad"),
    [
        ([(2, ticket("a")), (3, BAD)], BAD),
        (lines(ticket("a"), ticket("a", "other")), BadLine(3, "token", "is in line 2 already")),
        (
            lines(ticket("a"), ticket("foreign")),
            BadLine(3, "token", "belongs to another organization"),
        ),
    ],
    ids=["bad", "repeated", "of another organization"],
)
def test_one_bad_line_keeps_all_out_unless_the_good_are_to_be_kept(
    path: Path, found: list[Line], bad: BadLine
) -> None:
    before = rows(path)
    assert run(path, found) == Imported(False, 0, 0, 0, 1, (bad,))
    assert rows(path) == before
    assert run(path, found, keep_good=True) == Imported(True, 1, 0, 0, 1, (bad,))
    assert [row for row in rows(path) if row[0] != "a"] == before
    assert rows(path, "SELECT owner_id FROM tickets WHERE token = 'a'") == [("new",)]


def test_of_many_bad_lines_the_first_are_shown_and_all_counted(path: Path) -> None:
    found: list[Line] = [(n, BadLine(n, None, "bad")) for n in range(2, BAD_LINES_SHOWN * 2 + 2)]
    imported = run(path, found)
    assert imported.bad_lines == BAD_LINES_SHOWN * 2
    assert [bad.line for bad in imported.shown] == list(range(2, BAD_LINES_SHOWN + 2))


def test_it_goes_in_by_portions_that_others_can_come_between(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing_module, "PORTION_TOKENS", 10)
    connection = open_database(path, "inventory")
    connection.execute(importing_module.ATTACH).fetchall()
    other = open_database(path, "inventory")
    other.set_busy_timeout(0)
    pauses = []

    def write_in_the_pause(seconds: float) -> None:
        pauses.append(seconds)
        other.execute("UPDATE tickets SET revision = revision + 1 WHERE token = 'held'")

    inside = SqliteImporting(connection, ORGANIZATION, pause=write_in_the_pause)
    inside.pile_up((number, ticket(f"t{number:02}")) for number in range(25))
    assert list(inside.take_out_conflicts()) == []
    assert list(inside.merge()) == [Portion(10, 0, 0), Portion(10, 0, 0), Portion(5, 0, 0)]
    assert len(pauses) == 3
    other.close()
    connection.close()


def test_reading_a_file_keeps_nobody_from_writing(path: Path) -> None:
    other = open_database(path, "inventory")
    other.set_busy_timeout(0)

    def found() -> Iterable[Line]:
        yield 2, ticket("a")
        other.execute("UPDATE tickets SET revision = revision + 1 WHERE token = 'held'")
        yield 3, ticket("b")

    assert run(path, found()).added == 2
    other.close()


def test_a_pile_leaves_no_file_behind(path: Path) -> None:
    before = sorted(path.parent.iterdir())
    with importing(path, ORGANIZATION) as inside:
        inside.pile_up((number, ticket(f"t{number}")) for number in range(20_000))
        assert {file.suffix for file in path.parent.iterdir()} <= {".db", ".db-wal", ".db-shm"}
    assert sorted(path.parent.iterdir()) == before
