"""The control of the guards: if one said another thing than the rule, that would be seen."""

from types import ModuleType
from typing import NamedTuple

import pytest

from seatlatch.domain.channel import Channel
from seatlatch.store.interface import LostRace, TicketsBusy
from seatlatch.store.postgres import tickets as postgres
from seatlatch.store.sqlite import tickets as sqlite
from tests.databases import Databases
from tests.operations.states import NOW, make_every_state
from tests.operations.test_guards import CHANNELS, VERBS, Verb, ask, expected
from tests.stores import opened

pytestmark = pytest.mark.slow


class Fault(NamedTuple):
    """A verb whose guard, the statement of this name, says `wrong` in the place of `right`."""

    verb: str
    statement: str
    right: str
    wrong: str


ENDED_LATE = ("hold_expires_at <=", "hold_expires_at <")
GRANT = ("AND instr(?4, char(31) || organization_id || char(31))", "AND ?4 <> ''")
NOT_VOIDED = ("AND voided = 0", "")
SQLITE = [
    *(Fault("unlock", "UNLOCK", *change) for change in (ENDED_LATE, GRANT, NOT_VOIDED)),
    Fault("unlock", "UNLOCK", "(seat_status = 'UNLOCK' OR hold_expires_at <= ?5)", "?5 <> ''"),
    Fault("unlock", "UNLOCK", "mpreserve_channel = ?3", "?3 <> '' AND mpreserve = 1"),
    *(Fault("lock the same", "LOCK", *change) for change in (ENDED_LATE, GRANT)),
    Fault("lock the same", "LOCK", "WHERE token = ?1 AND voided = 0", "WHERE token = ?1"),
    Fault("lock another", "LOCK", "(mpreserve_channel = ?3 AND", "(mpreserve = 1 AND"),
    Fault("lock the same", "LOCK", "IS NOT (?6, ?7, ?8, ?9, ?10)", "IS (?6, ?7, ?8, ?9, ?10)"),
    Fault("lock another", "LOCK", "(mpreserve = 0 OR", "(mpreserve = 0 AND"),
    Fault("hold for a while", "HOLD", *NOT_VOIDED),
    Fault("hold for a while", "HOLD", "mpreserve = 0 OR ?6\n       OR", "?6 <> 2 OR"),
    Fault("hold over a listing", "HOLD", "OR ?6", "OR ?6 = 2"),
    Fault("hold over a listing", "HOLD", *NOT_VOIDED),
    Fault("hold that ends at once", "HOLD", "OR hold_expires_at <= ?5", "AND ?5 <> ''"),
    Fault("hold the same", "HOLD", "IS NOT ('LOCK', ?3, ?4)", "IS NOT ('', ?3, ?4)"),
    Fault("release", "RELEASE", *NOT_VOIDED),
    Fault("hold the same", "HOLD", "hold_expires_at > ?5", "hold_expires_at >= ?5"),
    Fault("hold for a while", "HOLD", "hold_expires_at IS NULL OR", ""),
    Fault("release", "RELEASE", "AND seat_status = 'LOCK'", ""),
    Fault("void", "VOID", *NOT_VOIDED),
    Fault("override", "OVERRIDE_UNLOCK", *ENDED_LATE),
    Fault("override", "OVERRIDE_UNLOCK", *NOT_VOIDED),
    Fault("override", "OVERRIDE_UNLOCK", "mpreserve = 1 AND", ""),
]
ENDED_LATE_PG = ("t.hold_expires_at <= now()", "t.hold_expires_at < now()")
GRANT_PG = (f"AND {postgres.IS_GRANTED}", "AND $11::text[] IS NOT NULL")
NOT_VOIDED_PG = ("AND NOT t.voided", "")
BOTH = "CHANGE_MPRESERVE"
OTHER = "WHEN t.mpreserve_channel <> asked.channel THEN false"
SAME = "IS DISTINCT FROM (($6"
POSTGRES = [
    *(Fault("unlock", BOTH, *change) for change in (ENDED_LATE_PG, GRANT_PG, NOT_VOIDED_PG)),
    Fault("unlock", BOTH, f"AND {postgres.IS_FREE}", ""),
    Fault("unlock", BOTH, OTHER, OTHER.replace("WHEN", "WHEN asked.locks AND")),
    Fault(
        "unlock", BOTH, "WHEN NOT asked.locks THEN t.mpreserve", "WHEN NOT asked.locks THEN true"
    ),
    *(Fault("lock the same", BOTH, *change) for change in (ENDED_LATE_PG, GRANT_PG, NOT_VOIDED_PG)),
    Fault("lock another", BOTH, OTHER, OTHER.replace("WHEN", "WHEN NOT asked.locks AND")),
    Fault("lock the same", BOTH, SAME, SAME.replace("IS DISTINCT", "IS NOT DISTINCT")),
    Fault("lock another", BOTH, "AND NOT t.mpreserve THEN true", "AND NOT t.mpreserve THEN false"),
    Fault("hold for a while", "HOLD", *NOT_VOIDED_PG),
    Fault("hold for a while", "HOLD", "(NOT t.mpreserve OR", "(true OR"),
    Fault("hold over a listing", "HOLD", "OR asked.over_listing", "OR NOT asked.over_listing"),
    Fault("hold over a listing", "HOLD", *NOT_VOIDED_PG),
    Fault("hold for a while", "HOLD", postgres.IS_HELD, f"NOT {postgres.IS_FREE}"),
    Fault("hold that ends at once", "HOLD", "\n       OR t.hold_expires_at <= now()", ""),
    Fault("hold the same", "HOLD", "IS DISTINCT FROM ('LOCK'", "IS DISTINCT FROM (''"),
    Fault("release", "RELEASE", *NOT_VOIDED_PG),
    Fault("hold the same", "HOLD", *ENDED_LATE_PG),
    Fault("release", "RELEASE", "AND t.seat_status = 'LOCK'", ""),
    Fault("void", "VOID", *NOT_VOIDED_PG),
    Fault("override", "OVERRIDE_UNLOCK", *ENDED_LATE_PG),
    Fault("override", "OVERRIDE_UNLOCK", *NOT_VOIDED_PG),
    Fault("override", "OVERRIDE_UNLOCK", "t.mpreserve AND", ""),
]


def assert_seen(
    fault: Fault, statements: ModuleType, databases: Databases, patch: pytest.MonkeyPatch
) -> None:
    sql = getattr(statements, fault.statement)
    assert fault.right in sql
    patch.setattr(statements, fault.statement, sql.replace(fault.right, fault.wrong))
    agreed = all(agree(databases, VERBS[fault.verb], channel) for channel in CHANNELS)
    assert not agreed, "the guard and the rule must be seen to disagree"


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("fault", SQLITE)
def test_a_guard_that_says_another_thing_is_caught(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    assert_seen(fault, sqlite, databases, monkeypatch)


@pytest.mark.only_on("postgres")
@pytest.mark.parametrize("fault", POSTGRES)
def test_a_guard_on_postgres_too(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    assert_seen(fault, postgres, databases, monkeypatch)


def agree(databases: Databases, verb: Verb, channel: Channel) -> bool:
    """Whether a verb does what the rule says, on a database of its own."""
    database = databases.new()
    make_every_state(database)
    before = database.rows()
    with opened(database.store(NOW)) as store:
        try:
            outcomes = ask(store, verb, channel)
        except (LostRace, TicketsBusy):  # the operation itself has noticed
            return False
    after = database.rows()
    databases.drop(database)
    return (outcomes, after) == expected(before, verb, channel)
