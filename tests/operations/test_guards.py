"""The guard in the database and the rule agree: in every state, for every verb and channel."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from seatlatch.commit import apply_group
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
from seatlatch.operations.change_tickets import TicketChange
from seatlatch.operations.verify_tickets import verify_tokens
from seatlatch.store.tickets import Hold, Mpreserve
from tests.databases import Database, Row
from tests.operations.changes import (
    changing_locks,
    changing_unlocks,
    holding,
    overriding,
    releasing,
    voiding,
)
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
    listing_columns,
    make_every_state,
)
from tests.stores import OpenStore, opened

CHANNELS = [MINE, THEIRS, WITHOUT_GRANT]
OTHER_LISTING = LISTING._replace(total_price=Decimal("12.5"))
Judge = Callable[[Ticket, Channel], Outcome]


class Verb(NamedTuple):
    """A verb as it is asked for, and what its write would make of a row.

    `again`: the outcome that becomes `done` if the write would make the row another one.
    """

    change: Callable[[Mapping[str, Any]], TicketChange[Any]]
    wish: Callable[[Channel], Any]
    judge: Judge
    written: Callable[[Channel], Row]
    done: Outcome
    again: Outcome | None = None


def lock(listing: Any) -> Verb:
    return Verb(
        changing_locks,
        lambda channel: Mpreserve(channel, listing),
        lambda ticket, channel: judge_lock(ticket, channel, NOW),
        lambda channel: {**listing_columns(listing, channel.code), **NO_HOLD},
        Outcome.LOCKED,
        Outcome.ALREADY_LOCKED,
    )


def hold(reason: str, seconds: int | None, *, over_listing: bool = False) -> Verb:
    end = None if seconds is None else NOW + timedelta(seconds=seconds)
    return Verb(
        holding,
        lambda _channel: Hold(reason, seconds, over_listing),
        lambda ticket, _channel: judge_hold(ticket, NOW, over_listing=over_listing),
        lambda _channel: {
            "seat_status": "LOCK",
            "hold_reason": reason,
            "hold_expires_at": end,
        },
        Outcome.HELD,
        Outcome.ALREADY_HELD,
    )


VERBS = {
    "unlock": Verb(
        changing_unlocks,
        lambda channel: Mpreserve(channel, None),
        lambda ticket, channel: judge_unlock(ticket, channel, NOW),
        lambda _channel: NO_LISTING,
        Outcome.UNLOCKED,
    ),
    "lock the same": lock(LISTING),
    "lock another": lock(OTHER_LISTING),
    "hold the same": hold(REASON, None),
    "hold for a while": hold(REASON, 600),
    "hold for another reason": hold("another", None),
    "hold that ends at once": hold(REASON, 0),
    "hold over a listing": hold(REASON, 600, over_listing=True),
    "release": Verb(
        releasing,
        lambda _channel: None,
        lambda ticket, _channel: judge_release(ticket),
        lambda _channel: NO_HOLD,
        Outcome.RELEASED,
    ),
    "void": Verb(
        voiding,
        lambda _channel: None,
        lambda ticket, _channel: judge_void(ticket),
        lambda _channel: {"voided": True, **NO_LISTING, **NO_HOLD},
        Outcome.MADE_VOID,
    ),
    "override": Verb(
        overriding,
        lambda _channel: None,
        lambda ticket, _channel: judge_override(ticket, NOW),
        lambda _channel: NO_LISTING,
        Outcome.UNLOCKED,
    ),
}


@pytest.fixture
def venue(database: Database) -> Database:
    make_every_state(database)
    return database


@pytest.fixture
def store(venue: Database) -> Iterator[OpenStore]:
    with opened(venue.store(NOW)) as store:
        yield store


def ask(store: OpenStore, verb: Verb, channel: Channel) -> Mapping[str, Outcome]:
    """The outcome for every state, and for a token that is none."""
    tokens = [*(state.token for state in EVERY_STATE), "nothing"]
    change = verb.change(dict.fromkeys(tokens, verb.wish(channel)))
    (results,) = store.commit(lambda inside: apply_group([change], inside))
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
            outcome = verb.done
        if outcome is verb.done:
            rows[token] = {**written, "revision": row["revision"] + 1}
        outcomes[token] = outcome
    return outcomes, rows


def another(row: Row, verb: Verb, channel: Channel) -> bool:
    """A lock of the same listing is the same, whatever is left of a hold that has ended."""
    written = verb.written(channel)
    if verb.again is Outcome.ALREADY_LOCKED:
        written = {name: value for name, value in written.items() if name in NO_LISTING}
    return {**row, **written} != row


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.code)
@pytest.mark.parametrize("name", VERBS)
def test_the_database_changes_exactly_what_the_rule_would(
    store: OpenStore, venue: Database, name: str, channel: Channel
) -> None:
    outcomes, rows = expected(venue.rows(), VERBS[name], channel)
    assert ask(store, VERBS[name], channel) == outcomes
    assert venue.rows() == rows


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.code)
def test_verify_says_what_the_rule_says_and_changes_nothing(
    store: OpenStore, venue: Database, channel: Channel
) -> None:
    before = venue.rows()
    tokens = [state.token for state in EVERY_STATE]
    verified = store.run(verify_tokens(store.store, channel, [*tokens, "nothing"]))
    judged = [judge_verify(state.ticket, channel, NOW) for state in EVERY_STATE]
    assert [one.outcome for one in verified] == [*judged, Outcome.UNKNOWN]
    assert venue.rows() == before


def test_an_end_is_compared_to_the_microsecond() -> None:
    assert {state.hold_expires_at for state in EVERY_STATE} == {
        None,
        NOW - MOMENT,
        NOW,
        NOW + MOMENT,
    }
