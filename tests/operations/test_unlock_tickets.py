"""Unlock through a real store: what is written, and that guard and rule agree."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import product

import pytest

from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.rules import judge_unlock
from seatlatch.domain.ticket import SeatStatus, Ticket
from seatlatch.group_commit import GroupCommit
from seatlatch.operations.change_tickets import TicketChange
from seatlatch.store.tickets import Mpreserve, NewTicket
from tests.databases import Database
from tests.group_commit import BOUNDS, Groups
from tests.operations.changes import unlocking
from tests.serving import (
    CHANNEL,
    FOREIGN_ORGANIZATION,
    ORGANIZATION,
    OTHER_CHANNEL,
    fill,
    listed,
)
from tests.stores import OpenStore, opened

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
THEIRS = Channel(OTHER_CHANNEL, frozenset({ORGANIZATION, FOREIGN_ORGANIZATION}))
WITHOUT_GRANT = Channel("third-channel", frozenset())
STATUSES: tuple[SeatStatus, ...] = ("LOCK", "UNLOCK")
EVERY_STATE = [
    NewTicket(
        f"{organization}-{voided}-{status}-{channel}",
        organization,
        "owner",
        voided=voided,
        seat_status=status,
        mpreserve_channel=channel,
    )
    for organization, voided, status, channel in product(
        (ORGANIZATION, FOREIGN_ORGANIZATION),
        (False, True),
        STATUSES,
        (None, CHANNEL, OTHER_CHANNEL),
    )
]


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database, [*EVERY_STATE, listed("a"), listed("b")])
    with opened(database.store()) as store:
        yield store


NOW = datetime(2026, 11, 23, tzinfo=UTC)


def asking(channel: Channel, tokens: Iterable[str]) -> TicketChange[Mpreserve]:
    """An unlock of these tokens."""
    return unlocking(channel, *tokens)


def unlock(store: OpenStore, *unlocks: TicketChange[Mpreserve]) -> list[list[TicketResult]]:
    """The results of unlocks that came together."""

    async def come_together() -> list[list[TicketResult]]:
        commits = GroupCommit(store.store, Groups(), BOUNDS)
        commits.start()
        results = await asyncio.gather(*map(commits.submit, unlocks))
        await commits.close()
        return results

    return store.run(come_together())


@pytest.mark.parametrize("channel", [MINE, THEIRS, WITHOUT_GRANT], ids=lambda channel: channel.code)
def test_the_database_unlocks_exactly_what_the_rule_would(
    store: OpenStore, channel: Channel, database: Database
) -> None:
    expected = [
        judge_unlock(
            Ticket(
                new.token,
                new.organization_id,
                new.owner_id,
                new.voided,
                new.seat_status,
                new.mpreserve_channel,
            ),
            channel,
            NOW,
        )
        for new in EVERY_STATE
    ]
    (results,) = unlock(store, asking(channel, [new.token for new in EVERY_STATE]))
    assert [result.outcome for result in results] == expected
    mpreserve = database.mpreserve_of()
    for new, outcome in zip(EVERY_STATE, expected, strict=True):
        listed_before = new.mpreserve_channel is not None
        assert mpreserve[new.token] == (listed_before and outcome is not Outcome.UNLOCKED)


def test_an_unlock_that_nothing_needs_is_a_success(store: OpenStore) -> None:
    first = unlock(store, asking(MINE, ["a", "b"]))
    again = unlock(store, asking(MINE, ["a", "b"]))
    assert [result.outcome for result in first[0]] == [Outcome.UNLOCKED] * 2
    assert [result.outcome for result in again[0]] == [Outcome.ALREADY_UNLOCKED] * 2
    assert [result.owner_id for result in first[0]] == [result.owner_id for result in again[0]]


def test_of_two_requests_in_a_group_one_has_unlocked_the_ticket(store: OpenStore) -> None:
    one, other = unlock(store, asking(MINE, ["a", "b"]), asking(MINE, ["b", "a"]))
    assert {result.outcome for result in one} == {Outcome.UNLOCKED}
    assert {result.outcome for result in other} == {Outcome.ALREADY_UNLOCKED}


def test_a_channel_learns_nothing_from_another_channels_unlock_in_its_group(
    store: OpenStore,
) -> None:
    mine, third = unlock(store, asking(MINE, ["a"]), asking(WITHOUT_GRANT, ["a"]))
    assert mine == [TicketResult("a", Outcome.UNLOCKED, "234567")]
    assert third == [TicketResult("a", Outcome.UNKNOWN, None)]


def test_results_keep_the_requests_order_and_name_a_repeated_token_once(
    store: OpenStore,
) -> None:
    (results,) = unlock(store, asking(MINE, ["b", "nothing", "a", "b", "nothing"]))
    assert [result.token for result in results] == ["b", "nothing", "a"]


def test_no_tokens_at_all_touch_nothing(store: OpenStore) -> None:
    assert unlock(store, asking(MINE, [])) == [[]]
