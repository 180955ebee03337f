"""The database's own rules for tickets: nothing of a listing or hold stands without its flag."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from seatlatch.store.interface import NewTicket
from tests.serving import CHANNEL, ORGANIZATION, listed, make_inventory

END = "2026-11-23T12:00:00.000000+00:00"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    """On a database with a ticket that is open, one that is listed and one that is held."""
    path = tmp_path / "inventory.db"
    held = NewTicket("held", ORGANIZATION, "o", seat_status="LOCK")
    make_inventory(path, [NewTicket("open", ORGANIZATION, "o"), listed("listed"), held])
    connection = apsw.Connection(str(path))
    yield connection
    connection.close()


def change(connection: apsw.Connection, token: str, what: str) -> None:
    connection.execute(f"UPDATE tickets SET {what} WHERE token = ?", (token,))


@pytest.mark.parametrize(
    ("constraint", "column", "value", "owner", "take_away"),
    [
        *(
            ("listing_needs_mpreserve", column, value, "listed", "mpreserve = 0")
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
    connection: apsw.Connection,
    constraint: str,
    column: str,
    value: str,
    owner: str,
    take_away: str,
) -> None:
    with pytest.raises(apsw.ConstraintError, match=f"CHECK constraint failed: {constraint}$"):
        change(connection, "open", f"{column} = {value}")
    change(connection, owner, f"{column} = {value}")
    if owner == "listed":
        take_away += ", mpreserve_channel = NULL"
    with pytest.raises(apsw.ConstraintError, match=f"CHECK constraint failed: {constraint}$"):
        change(connection, owner, take_away)
    change(connection, owner, f"{take_away}, {column} = NULL")


@pytest.mark.parametrize(
    "what", ["mpreserve_channel = NULL", "mpreserve = 0", "mpreserve = 0, mpreserve_channel = ''"]
)
def test_mpreserve_has_its_channel(connection: apsw.Connection, what: str) -> None:
    with pytest.raises(apsw.ConstraintError, match=r"mpreserve_has_its_channel$"):
        change(connection, "listed", what)
    with pytest.raises(apsw.ConstraintError, match=r"mpreserve_has_its_channel$"):
        change(connection, "open", f"mpreserve_channel = '{CHANNEL}'")


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
def test_the_end_of_a_hold_is_utc_to_the_microsecond(connection: apsw.Connection, end: str) -> None:
    with pytest.raises(apsw.ConstraintError, match=r"hold_expires_at_is_utc$"):
        change(connection, "held", f"hold_expires_at = '{end}'")


@pytest.mark.parametrize(
    "insert",
    [
        "INSERT INTO token_families VALUES (x'01', 'nobody', x'02', :end)",
        "INSERT INTO authorization_codes VALUES (x'01', 'nobody', :end, NULL)",
        "INSERT INTO token_families VALUES (x'01', 'com.example.test', x'02', 'soon')",
        "INSERT INTO authorization_codes VALUES (x'01', 'com.example.test', 'soon', NULL)",
        "INSERT INTO token_families VALUES (x'01', 'com.example.test', x'02', NULL)",
        "INSERT INTO authorization_codes VALUES (x'01', 'com.example.test', NULL, NULL)",
        "INSERT INTO token_families VALUES (NULL, 'com.example.test', x'02', :end)",
        "INSERT INTO operators VALUES ('second', x'01')",
        "INSERT INTO operators VALUES ('first', x'02')",
    ],
)
def test_the_tables_of_those_who_come_in_hold_their_own_rules(
    connection: apsw.Connection, insert: str
) -> None:
    connection.pragma("foreign_keys", True)
    connection.execute("INSERT INTO operators VALUES ('first', x'01')")
    with pytest.raises(apsw.ConstraintError):
        connection.execute(insert, {"end": END} if ":end" in insert else None)
