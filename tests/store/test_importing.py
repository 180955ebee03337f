"""An import: all or nothing, and it never changes a lock or a hold."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import ModuleType

import pytest

from seatlatch.domain.ticket import TicketRecord
from seatlatch.operations.import_tickets import BAD_LINES_SHOWN, Imported, Line, import_tickets
from seatlatch.store.importing import BadLine, Importing, OrganizationGone, Portion
from seatlatch.store.postgres import importing as postgres_importing
from seatlatch.store.sqlite import importing as sqlite_importing
from seatlatch.store.tickets import NewTicket
from seatlatch.wiring import engine_of
from tests.databases import Database
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, fill

ANOTHER_CHANGE = "UPDATE tickets SET revision = revision + 1 WHERE token = 'held'"


@pytest.fixture
def venue(database: Database) -> Database:
    fill(
        database,
        [
            NewTicket("listed", ORGANIZATION, "o", "E", "1", "A", "7", mpreserve_channel=CHANNEL),
            NewTicket("held", ORGANIZATION, "o", "E", seat_status="LOCK"),
            NewTicket("voided", ORGANIZATION, "o", "E", voided=True),
            NewTicket("foreign", FOREIGN_ORGANIZATION, "o", "E"),
        ],
    )
    return database


def importing(
    database: Database, organization_id: str = ORGANIZATION
) -> AbstractContextManager[Importing]:
    return engine_of(database.url).importing(organization_id)


def lines(*records: TicketRecord) -> list[Line]:
    return list(enumerate(records, 2))


def ticket(token: str, owner_id: str = "new", **fields: str) -> TicketRecord:
    return TicketRecord(token, ORGANIZATION, owner_id, **fields)


def no_conflict(bad: BadLine) -> None:
    raise AssertionError(bad)


def run(database: Database, found: Iterable[Line], *, keep_good: bool = False) -> Imported:
    with importing(database) as inside:
        return import_tickets(inside, found, keep_good=keep_good, merged=lambda _: None)


def test_new_ones_are_added_and_those_that_exist_brought_up_to_date(venue: Database) -> None:
    found = lines(ticket("b", seat="1"), ticket("listed", section="2"), ticket("a"))
    assert run(venue, found) == Imported(True, 2, 1, 0, 0, ())
    assert run(venue, found) == Imported(True, 0, 0, 3, 0, ())
    said = 'SELECT token, owner_id, access_id, section, "row", seat FROM tickets'
    assert venue.execute(f"{said} WHERE owner_id = 'new' ORDER BY token") == [
        ("a", "new", None, None, None, None),
        ("b", "new", None, None, None, "1"),
        ("listed", "new", "E", "2", "A", "7"),
    ]


def test_mpreserve_seat_status_and_void_are_never_touched(venue: Database) -> None:
    kept = """SELECT token, voided, seat_status, mpreserve, mpreserve_channel FROM tickets
              WHERE token IN ('listed', 'held', 'voided') ORDER BY token"""
    before = venue.execute(kept)
    assert run(venue, lines(ticket("listed"), ticket("held"), ticket("voided"))).updated == 3
    assert venue.execute(kept) == before


def test_an_empty_field_leaves_what_is_there(venue: Database) -> None:
    before = venue.rows()["listed"]
    empty = dict.fromkeys(("access_id", "section", "row", "seat", "barcode"), "")
    assert run(venue, lines(ticket("listed", "o", **empty))).unchanged == 1
    assert venue.rows()["listed"] == before


BAD = BadLine(3, "owner_id", "must not be empty")


@pytest.mark.parametrize(
    ("found", "bad"),
    [
        ([(2, ticket("a")), (3, BAD)], BAD),
        (lines(ticket("a"), ticket("a", "other")), BadLine(3, "token", "is already in line 2")),
        (
            lines(ticket("a"), ticket("foreign")),
            BadLine(3, "token", "belongs to another organization"),
        ),
    ],
    ids=["bad", "repeated", "of another organization"],
)
def test_one_bad_line_keeps_all_out_unless_the_good_are_to_be_kept(
    venue: Database, found: list[Line], bad: BadLine
) -> None:
    before = venue.rows()
    assert run(venue, found) == Imported(False, 0, 0, 0, 1, (bad,))
    assert venue.rows() == before
    assert run(venue, found, keep_good=True) == Imported(True, 1, 0, 0, 1, (bad,))
    after = venue.rows()
    assert after.pop("a")["owner_id"] == "new"
    assert after == before


def test_of_many_bad_lines_the_first_are_shown_and_all_counted(venue: Database) -> None:
    found: list[Line] = [(n, BadLine(n, None, "bad")) for n in range(2, BAD_LINES_SHOWN * 2 + 2)]
    imported = run(venue, found)
    assert imported.bad_lines == BAD_LINES_SHOWN * 2
    assert [bad.line for bad in imported.shown] == list(range(2, BAD_LINES_SHOWN + 2))


@pytest.mark.parametrize(
    "of_the_engine",
    [
        pytest.param(sqlite_importing, marks=pytest.mark.only_on("sqlite"), id="portions"),
        pytest.param(postgres_importing, marks=pytest.mark.only_on("postgres"), id="portions"),
    ],
)
def test_it_goes_in_by_portions_that_others_can_come_between(
    venue: Database, monkeypatch: pytest.MonkeyPatch, of_the_engine: ModuleType
) -> None:
    monkeypatch.setattr(of_the_engine, "PORTION_TOKENS", 10)
    with importing(venue) as inside:
        inside.stage((number, ticket(f"t{number:02}")) for number in range(25))
        inside.remove_conflicts(no_conflict)
        portions = []
        for portion in inside.merge():
            portions.append(portion)
            venue.execute(ANOTHER_CHANGE)
    assert portions == [Portion(n, 0, 0, durable=True) for n in (10, 10, 5)]


def test_reading_a_file_keeps_nobody_from_writing(venue: Database) -> None:
    def found() -> Iterable[Line]:
        yield 2, ticket("a")
        venue.execute(ANOTHER_CHANGE)
        yield 3, ticket("b")

    assert run(venue, found()).added == 2


def test_what_became_of_another_organization_meanwhile_is_a_bad_line(venue: Database) -> None:
    with importing(venue) as inside:
        inside.stage([(2, ticket("a")), (3, ticket("b")), (4, ticket("listed"))])
        inside.remove_conflicts(no_conflict)
        with importing(venue, FOREIGN_ORGANIZATION) as other:
            other.stage([(2, ticket("b")._replace(organization_id=FOREIGN_ORGANIZATION))])
            other.remove_conflicts(no_conflict)
            assert sum(portion.added for portion in other.merge()) == 1
        bad = BadLine(3, "token", "belongs to another organization")
        assert list(inside.merge()) == [Portion(1, 1, 0, durable=True, bad=(bad,))]


@pytest.mark.parametrize("empty", [False, True])
def test_an_organization_that_is_removed_meanwhile_gets_no_tickets(
    database: Database, empty: bool
) -> None:
    fill(database, [] if empty else [NewTicket("other", FOREIGN_ORGANIZATION, "o")])
    with database.provisioning() as provisioning:
        provisioning.add_organization("3003", "To be removed")
    before = database.rows()
    with importing(database, "3003") as inside:
        inside.stage([(2, ticket("a")._replace(organization_id="3003"))])
        inside.remove_conflicts(no_conflict)
        with database.provisioning() as provisioning:
            provisioning.remove_organization("3003")
        with pytest.raises(OrganizationGone):
            next(inside.merge())
    assert database.rows() == before


def test_many_conflicts_are_counted_and_the_first_lines_shown(venue: Database) -> None:
    with importing(venue, FOREIGN_ORGANIZATION) as inside:
        ours = [(n, ticket(f"x{9_999 - n}")) for n in range(2, 2_002)]
        inside.stage(
            (n, record._replace(organization_id=FOREIGN_ORGANIZATION)) for n, record in ours
        )
        inside.remove_conflicts(no_conflict)
        assert sum(portion.added for portion in inside.merge()) == 2_000
    imported = run(venue, ours)
    assert (imported.kept, imported.bad_lines) == (False, 2_000)
    assert [bad.line for bad in imported.shown] == list(range(2, BAD_LINES_SHOWN + 2))
