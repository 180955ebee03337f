"""The database's own rules for tickets: no data of a listing or hold without its flag."""

from typing import Any

import pytest

from seatlatch.store.tickets import NewTicket
from tests.databases import ON_SQLITE, Database
from tests.serving import APPLICATION, CHANNEL, ORGANIZATION, fill, listed

END = "2026-11-23T12:00:00.000000+00:00"


@pytest.fixture
def database(database: Database) -> Database:
    """An inventory with a free ticket, a listed one and a held one."""
    held = NewTicket("held", ORGANIZATION, "o", seat_status="LOCK")
    fill(database, [NewTicket("open", ORGANIZATION, "o"), listed("listed"), held])
    return database


def change(database: Database, token: str, what: str) -> None:
    database.execute(f"UPDATE tickets SET {what} WHERE token = ?", token)


def refused(database: Database, token: str, what: str, constraint: str) -> None:
    """A change that this constraint forbids."""
    said = f'CHECK constraint failed: {constraint}$|violates check constraint "{constraint}"'
    with pytest.raises(database.breach, match=said):
        change(database, token, what)


@pytest.mark.parametrize(
    ("constraint", "column", "value", "owner", "take_away"),
    [
        *(
            ("listing_needs_mpreserve", column, value, "listed", "mpreserve = FALSE")
            for column, value in [
                ("listing_source", "'BROKER'"),
                ("external_listing_id", "''"),
                ("total_price", "'12.50'"),
                ("individual_price", "'12.50'"),
                ("seller", "'{}'"),
            ]
        ),
        ("hold_needs_lock", "hold_reason", "''", "held", "seat_status = 'UNLOCK'"),
        (
            "hold_needs_lock",
            "hold_expires_at",
            f"'{END}'",
            "held",
            "seat_status = 'UNLOCK'",
        ),
    ],
)
def test_nothing_stands_without_its_flag(
    database: Database,
    constraint: str,
    column: str,
    value: str,
    owner: str,
    take_away: str,
) -> None:
    refused(database, "open", f"{column} = {value}", constraint)
    change(database, owner, f"{column} = {value}")
    if owner == "listed":
        take_away += ", mpreserve_channel = NULL"
    refused(database, owner, take_away, constraint)
    change(database, owner, f"{take_away}, {column} = NULL")


@pytest.mark.parametrize(
    "what",
    [
        "mpreserve_channel = NULL",
        "mpreserve = FALSE",
        "mpreserve = FALSE, mpreserve_channel = ''",
    ],
)
def test_mpreserve_has_its_channel(database: Database, what: str) -> None:
    refused(database, "listed", what, "mpreserve_has_its_channel")
    refused(database, "open", f"mpreserve_channel = '{CHANNEL}'", "mpreserve_has_its_channel")


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    "end",
    [
        "",
        "soon",
        "2026-11-23",
        "2026-11-23T12:00:00+00:00",
        "2026-11-23T12:00:00.000000Z",
        "2026-11-23T12:00:00.000000+01:00",
        "2026-13-23T12:00:00.000000+00:00",
        END + " ",
    ],
)
def test_the_end_of_a_hold_is_utc_to_the_microsecond(database: Database, end: str) -> None:
    refused(database, "held", f"hold_expires_at = '{end}'", "hold_expires_at_is_utc")


FAMILY = """
INSERT INTO token_families (family_hash, application_id, refresh_hash, expires_at)
VALUES (?, ?, ?, ?)
"""
ROTATED_FAMILY = "INSERT INTO token_families VALUES (?, ?, ?, ?, ?, ?)"
CODE = "INSERT INTO authorization_codes VALUES (?, ?, ?, NULL)"
OPERATOR = "INSERT INTO operators (operator_name, role) VALUES (?, ?)"
KEY = "INSERT INTO operator_keys (operator_name, key_hash, expires_at) VALUES (?, ?, ?)"
ONE, TWO = b"\1", b"\2"


@pytest.mark.parametrize(
    ("insert", "values"),
    [
        (FAMILY, (ONE, "nobody", TWO, END)),
        (CODE, (ONE, "nobody", END)),
        (FAMILY, (ONE, APPLICATION, TWO, "soon")),
        (CODE, (ONE, APPLICATION, "soon")),
        (FAMILY, (ONE, APPLICATION, TWO, None)),
        (CODE, (ONE, APPLICATION, None)),
        (FAMILY, (None, APPLICATION, TWO, END)),
        (ROTATED_FAMILY, (ONE, APPLICATION, TWO, END, ONE, "soon")),
        (ROTATED_FAMILY, (ONE, APPLICATION, TWO, END, ONE, None)),
        (ROTATED_FAMILY, (ONE, APPLICATION, TWO, END, None, END)),
        (OPERATOR, ("first", "admin")),
        (OPERATOR, ("second", "owner")),
        (OPERATOR, ("second", None)),
        (KEY, ("first", ONE, None)),
        (KEY, ("nobody", TWO, None)),
        (KEY, ("first", TWO, "soon")),
        ("INSERT INTO organizations VALUES (?, 'n')", ("10\x1f",)),
        ("INSERT INTO grants VALUES ('nobody', ?)", (ORGANIZATION,)),
        ("INSERT INTO api_keys (key_hash, application_id) VALUES (?, 'nobody')", (ONE,)),
    ],
)
def test_the_tables_of_those_who_come_in_hold_their_own_rules(
    database: Database, insert: str, values: tuple[Any, ...]
) -> None:
    database.execute(OPERATOR, "first", "read")
    database.execute(KEY, "first", ONE, None)
    with pytest.raises(database.breach):
        database.execute(insert, *values)


def test_what_they_forbid_is_nothing_else(database: Database) -> None:
    """The control of the test above."""
    database.execute(OPERATOR, "first", "read")
    database.execute(KEY, "first", ONE, None)
    database.execute(FAMILY, ONE, APPLICATION, TWO, END)
    database.execute(ROTATED_FAMILY, TWO, APPLICATION, TWO, END, ONE, END)
    database.execute(CODE, ONE, APPLICATION, END)
    database.execute(OPERATOR, "second", "admin")
    database.execute(KEY, "second", TWO, END)
    database.execute("INSERT INTO organizations VALUES (?, 'n')", "10")


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE tickets SET mpreserve = FALSE",
        "UPDATE tickets SET mpreserve_channel = NULL",
        pytest.param("UPDATE tickets SET mpreserve = 2", marks=ON_SQLITE),
        pytest.param("UPDATE tickets SET voided = 2", marks=ON_SQLITE),
        "UPDATE tickets SET seat_status = 'HELD'",
        "UPDATE tickets SET owner_id = NULL",
        "INSERT INTO tickets (token, organization_id, owner_id) VALUES ('open', '1', 'o')",
    ],
)
def test_the_database_itself_refuses_what_can_not_be(database: Database, what: str) -> None:
    with pytest.raises(database.breach):
        database.execute(what)
