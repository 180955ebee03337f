"""An import: all or nothing, never touching what the marketplace or the box office has set."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw
import pytest

from seatlatch.domain.ticket import TicketRecord
from seatlatch.operations.import_tickets import BAD_LINES_SHOWN, Imported, Line, import_tickets
from seatlatch.store.importing import BadLine, OrganizationGone, Portion
from seatlatch.store.interface import DatabaseProblem, NewTicket
from seatlatch.store.sqlite import importing as importing_module
from seatlatch.store.sqlite.importing import SqliteImporting, importing
from seatlatch.store.sqlite.opening import open_database
from seatlatch.wiring import open_provisioning
from tests.serving import (
    CHANNEL,
    FOREIGN_ORGANIZATION,
    ORGANIZATION,
    database_url,
    make_inventory,
)

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


def no_conflict(bad: BadLine) -> None:
    raise AssertionError(bad)


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
    inside.take_out_conflicts(no_conflict)
    assert list(inside.merge()) == [Portion(n, 0, 0, durable=True) for n in (10, 10, 5)]
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


def test_an_inventory_that_is_empty_is_filled_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing_module, "PORTION_TOKENS", 10)
    path = tmp_path / "empty.db"
    make_inventory(path)
    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"
    before = rows(path, schema)
    with importing(path, ORGANIZATION) as inside:
        inside.pile_up((n, ticket(f"t{n:02}", barcode=f"b{n}", access_id="E")) for n in range(25))
        inside.take_out_conflicts(no_conflict)
        merging = inside.merge()
        assert [next(merging) for _ in range(3)] == [Portion(n, 0, 0, False) for n in (10, 10, 5)]
        assert rows(path) == [], "nothing is in before all is"
        assert list(merging) == [Portion(0, 0, 0, durable=True)]
    assert len(rows(path)) == 25
    assert rows(path, schema) == before
    by_barcode = "SELECT token FROM tickets WHERE access_id = 'E' AND barcode = 'b7'"
    assert rows(path, by_barcode) == [("t07",)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    with importing(path, ORGANIZATION) as inside:
        inside.pile_up([(2, ticket("t07")), (3, ticket("more"))])
        inside.take_out_conflicts(no_conflict)
        assert list(inside.merge()) == [Portion(1, 0, 1, durable=True)]


def test_a_fill_that_is_cut_off_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    make_inventory(path)
    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"
    before = rows(path, schema)
    with importing(path, ORGANIZATION) as inside:
        inside.pile_up(enumerate([ticket("a"), ticket("b")]))
        inside.take_out_conflicts(no_conflict)
        assert not next(inside.merge()).durable
    assert (rows(path), rows(path, schema)) == ([], before)


def test_what_became_of_another_organization_meanwhile_is_a_bad_line(path: Path) -> None:
    with importing(path, ORGANIZATION) as inside:
        inside.pile_up([(2, ticket("a")), (3, ticket("b")), (4, ticket("listed"))])
        inside.take_out_conflicts(no_conflict)
        with importing(path, FOREIGN_ORGANIZATION) as other:
            other.pile_up([(2, ticket("b")._replace(organization_id=FOREIGN_ORGANIZATION))])
            other.take_out_conflicts(no_conflict)
            assert sum(portion.added for portion in other.merge()) == 1
        bad = BadLine(3, "token", "belongs to another organization")
        assert list(inside.merge()) == [Portion(1, 1, 0, durable=True, bad=(bad,))]


@pytest.mark.parametrize("empty", [False, True])
def test_an_organization_that_is_removed_meanwhile_gets_no_tickets(
    tmp_path: Path, empty: bool
) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path, [] if empty else [NewTicket("other", FOREIGN_ORGANIZATION, "o")])
    with open_provisioning(database_url(path)) as provisioning:
        provisioning.add_organization("3003", "To be removed")
    before = rows(path)
    with importing(path, "3003") as inside:
        inside.pile_up([(2, ticket("a")._replace(organization_id="3003"))])
        inside.take_out_conflicts(no_conflict)
        with open_provisioning(database_url(path)) as provisioning:
            provisioning.remove_organization("3003")
        with pytest.raises(OrganizationGone):
            next(inside.merge())
    assert rows(path) == before


def test_many_conflicts_are_counted_and_the_first_lines_shown(path: Path) -> None:
    with importing(path, FOREIGN_ORGANIZATION) as inside:
        theirs = [(n, ticket(f"x{9_999 - n}")) for n in range(2, 2_002)]
        inside.pile_up(theirs)
        inside.take_out_conflicts(no_conflict)
        assert sum(portion.added for portion in inside.merge()) == 2_000
    imported = run(path, theirs)
    assert (imported.kept, imported.bad_lines) == (False, 2_000)
    assert [bad.line for bad in imported.shown] == list(range(2, BAD_LINES_SHOWN + 2))


def test_a_pile_that_finds_no_room_blames_the_temporary_folder(path: Path) -> None:
    with importing(path, ORGANIZATION) as inside:
        inside._connection.execute("PRAGMA pile.max_page_count = 20").fetchall()
        with pytest.raises(DatabaseProblem, match="folder for temporary files is full"):
            inside.pile_up((n, ticket(f"t{n}")) for n in range(20_000))
