"""The guard in the database and the rule agree: in every state, for every verb and channel."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from seatlatch.commit import work_off
from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.rules import (
    judge_hold,
    judge_lock,
    judge_override,
    judge_release,
    judge_unlock,
    judge_verify,
    judge_void,
)
from seatlatch.domain.ticket import Ticket
from seatlatch.operations.box_office import (
    HoldTickets,
    OverrideUnlock,
    ReleaseTickets,
    VoidTickets,
)
from seatlatch.operations.lock_tickets import LockTickets
from seatlatch.operations.ticket_change import TicketChange
from seatlatch.operations.unlock_tickets import UnlockTickets
from seatlatch.operations.verify_tickets import verify_tokens
from seatlatch.store.interface import Hold, Lock
from seatlatch.store.sqlite import transaction
from seatlatch.store.sqlite.store import SqliteStore
from tests.operations.states import (
    EVERY_STATE,
    LISTING,
    MINE,
    MOMENT,
    NO_HOLD,
    NO_LISTING,
    NOW,
    REASON,
    THEIRS,
    WITHOUT_GRANT,
    Row,
    listing_columns,
    make_every_state,
    rows_of,
)

CHANNELS = [MINE, THEIRS, WITHOUT_GRANT]
OTHER_LISTING = LISTING._replace(total_price=Decimal("12.5"))
Judge = Callable[[Ticket, Channel], Outcome]


class Verb(NamedTuple):
    """A verb as it is asked for, and what its write would make of a row.

    `again`: the outcome that becomes `change.done` if the write would make the row another one.
    """

    change: type[TicketChange[Any]]
    wish: Callable[[Channel], Any]
    judge: Judge
    written: Callable[[Channel], Row]
    again: Outcome | None = None


def lock(listing: Any) -> Verb:
    return Verb(
        LockTickets,
        lambda channel: Lock(channel, listing),
        lambda ticket, channel: judge_lock(ticket, channel, NOW),
        lambda channel: {**listing_columns(listing, channel.code), **NO_HOLD},
        Outcome.ALREADY_LOCKED,
    )


def hold(reason: str, seconds: int | None) -> Verb:
    end = None if seconds is None else NOW + timedelta(seconds=seconds)
    return Verb(
        HoldTickets,
        lambda _channel: Hold(reason, seconds),
        lambda ticket, _channel: judge_hold(ticket, NOW),
        lambda _channel: {
            "seat_status": "LOCK",
            "hold_reason": reason,
            "hold_expires_at": end and end.isoformat(timespec="microseconds"),
        },
        Outcome.ALREADY_HELD,
    )


VERBS = {
    "unlock": Verb(
        UnlockTickets,
        lambda channel: channel,
        lambda ticket, channel: judge_unlock(ticket, channel, NOW),
        lambda _channel: NO_LISTING,
    ),
    "lock the same": lock(LISTING),
    "lock another": lock(OTHER_LISTING),
    "hold the same": hold(REASON, None),
    "hold for a while": hold(REASON, 600),
    "hold for another reason": hold("another", None),
    "hold that ends at once": hold(REASON, 0),
    "release": Verb(
        ReleaseTickets,
        lambda _channel: None,
        lambda ticket, _channel: judge_release(ticket),
        lambda _channel: NO_HOLD,
    ),
    "void": Verb(
        VoidTickets,
        lambda _channel: None,
        lambda ticket, _channel: judge_void(ticket),
        lambda _channel: {"voided": 1, **NO_LISTING, **NO_HOLD},
    ),
    "override": Verb(
        OverrideUnlock,
        lambda _channel: None,
        lambda ticket, _channel: judge_override(ticket, NOW),
        lambda _channel: NO_LISTING,
    ),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make_every_state(tmp_path / "inventory.db")
    return tmp_path / "inventory.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path, clock=lambda: NOW)
    yield store
    store.close()


def ask(store: SqliteStore, verb: Verb, channel: Channel) -> Mapping[str, Outcome]:
    """The outcome for every state, and for a token that is none."""
    tokens = [*(state.token for state in EVERY_STATE), "nothing"]
    change = verb.change(dict.fromkeys(tokens, verb.wish(channel)))
    (results,) = asyncio.run(store.commit(lambda inside: work_off([change], inside)))
    return {result.token: result.outcome for result in results}


def expected(
    before: Mapping[str, Row], verb: Verb, channel: Channel
) -> tuple[dict[str, Outcome], dict[str, Row]]:
    """What the rule says of every state, and the rows that follow from it."""
    outcomes, rows = {"nothing": Outcome.UNKNOWN}, dict(before)
    for state in EVERY_STATE:
        token, row = state.token, before[state.token]
        outcome = verb.judge(state.ticket, channel)
        written = {**row, **verb.written(channel)}
        if outcome is verb.again and another(row, verb, channel):
            outcome = verb.change.done
        if outcome is verb.change.done:
            rows[token] = {**written, "revision": row["revision"] + 1}
        outcomes[token] = outcome
    return outcomes, rows


def another(row: Row, verb: Verb, channel: Channel) -> bool:
    """A lock of the same listing is the same, whatever is left of a hold that has ended."""
    written = verb.written(channel)
    if verb.change is LockTickets:
        written = {name: value for name, value in written.items() if name in NO_LISTING}
    return {**row, **written} != row


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.code)
@pytest.mark.parametrize("name", VERBS)
def test_the_database_changes_exactly_what_the_rule_would(
    store: SqliteStore, path: Path, name: str, channel: Channel
) -> None:
    outcomes, rows = expected(rows_of(path), VERBS[name], channel)
    assert ask(store, VERBS[name], channel) == outcomes
    assert rows_of(path) == rows


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.code)
def test_verify_says_what_the_rule_says_and_changes_nothing(
    store: SqliteStore, path: Path, channel: Channel
) -> None:
    before = rows_of(path)
    tokens = [state.token for state in EVERY_STATE]
    verified = asyncio.run(verify_tokens(store, channel, [*tokens, "nothing"]))
    judged = [judge_verify(state.ticket, channel, NOW) for state in EVERY_STATE]
    assert [one.outcome for one in verified] == [*judged, Outcome.UNKNOWN]
    assert rows_of(path) == before


ENDED_LATE = ("hold_expires_at <=", "hold_expires_at <")
GRANT = ("AND instr(?3, char(31) || organization_id || char(31))", "AND ?3 <> ''")
NOT_VOIDED = ("AND voided = 0", "")


@pytest.mark.parametrize(
    ("name", "constant", "change"),
    [
        *(("unlock", "UNLOCK", change) for change in (ENDED_LATE, GRANT, NOT_VOIDED)),
        ("unlock", "UNLOCK", ("(seat_status = 'UNLOCK' OR hold_expires_at <= ?4)", "?4 <> ''")),
        ("unlock", "UNLOCK", ("mpreserve_channel = ?2", "?2 <> '' AND mpreserve = 1")),
        *(("lock the same", "LOCK", change) for change in (ENDED_LATE, GRANT)),
        ("lock the same", "LOCK", ("WHERE token = ?1 AND voided = 0", "WHERE token = ?1")),
        ("lock another", "LOCK", ("(mpreserve_channel = ?2 AND", "(mpreserve = 1 AND")),
        ("lock the same", "LOCK", ("IS NOT (?5, ?6, ?7, ?8, ?9)", "IS (?5, ?6, ?7, ?8, ?9)")),
        ("lock another", "LOCK", ("(mpreserve = 0 OR", "(mpreserve = 0 AND")),
        ("hold for a while", "HOLD", NOT_VOIDED),
        ("hold for a while", "HOLD", ("mpreserve = 0\n       OR", "?4 <> '' OR")),
        ("hold that ends at once", "HOLD", ("OR hold_expires_at <= ?4", "AND ?4 <> ''")),
        ("hold the same", "HOLD", ("IS NOT ('LOCK', ?2, ?3)", "IS NOT ('', ?2, ?3)")),
        ("release", "RELEASE", NOT_VOIDED),
        ("hold the same", "HOLD", ("hold_expires_at > ?4", "hold_expires_at >= ?4")),
        ("hold for a while", "HOLD", ("hold_expires_at IS NULL OR", "")),
        ("release", "RELEASE", ("AND seat_status = 'LOCK'", "")),
        ("void", "VOID", NOT_VOIDED),
        ("override", "OVERRIDE_UNLOCK", ENDED_LATE),
        ("override", "OVERRIDE_UNLOCK", NOT_VOIDED),
        ("override", "OVERRIDE_UNLOCK", ("mpreserve = 1 AND", "")),
    ],
)
def test_control_a_guard_that_says_another_thing_is_caught(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    constant: str,
    change: tuple[str, str],
) -> None:
    sql = getattr(transaction, constant)
    assert change[0] in sql
    monkeypatch.setattr(transaction, constant, sql.replace(*change))
    agreed = [agree(tmp_path / channel.code, VERBS[name], channel) for channel in CHANNELS]
    assert not all(agreed), "the guard and the rule must be seen to disagree"


def agree(path: Path, verb: Verb, channel: Channel) -> bool:
    """Whether a verb does what the rule says, on a database of its own."""
    make_every_state(path)
    store = SqliteStore(path, clock=lambda: NOW)
    before = rows_of(path)
    try:
        outcomes = ask(store, verb, channel)
    except AssertionError:
        return False
    finally:
        store.close()
    return (outcomes, rows_of(path)) == expected(before, verb, channel)


def test_an_end_is_compared_to_the_microsecond() -> None:
    assert {state.hold_expires_at for state in EVERY_STATE} == {
        None,
        NOW - MOMENT,
        NOW,
        NOW + MOMENT,
    }
