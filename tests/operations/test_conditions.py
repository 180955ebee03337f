"""Conditions of a request: what they exclude stays as it is, whatever the rule of the verb."""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from seatlatch.commit import CommitEach, apply_group
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.ticket_filter import TicketFilter
from seatlatch.operations.bulk_changes import (
    Selection,
    Versions,
    change_in_portions,
    confirmation_of,
    select_versions,
)
from seatlatch.operations.change_tickets import TicketChange, unlock_tickets, void_tickets
from seatlatch.operations.conditions import Conditions
from seatlatch.store.interface import Store, Transaction
from tests.databases import Database
from tests.operations.changes import ASKER, voiding
from tests.operations.states import EVERY_STATE, MINE, NOW, make_every_state
from tests.operations.test_guards import VERBS
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, fill, listed
from tests.stores import OpenStore, opened

BOX_OFFICE = ["hold for a while", "hold over a listing", "release", "void", "override"]
MINE_LISTED = Selection(TicketFilter(channel_code=CHANNEL))
TOKENS = [state.token for state in EVERY_STATE]
FOREIGN = [state.token for state in EVERY_STATE if state.organization_id == FOREIGN_ORGANIZATION]


@pytest.fixture
def venue(database: Database) -> Database:
    make_every_state(database)
    return database


@pytest.fixture
def store(venue: Database) -> Iterator[OpenStore]:
    with opened(venue.store(NOW)) as store:
        yield store


def change(store: OpenStore, name: str, conditions: Conditions) -> Mapping[str, Outcome]:
    """The outcome of a verb for every state and for a token that is none, under conditions."""
    verb = VERBS[name]
    wishes = dict.fromkeys([*TOKENS, "nothing"], verb.wish(MINE))
    made: TicketChange[Any] = verb.change(wishes, conditions=conditions)  # type: ignore[call-arg]
    (results,) = store.commit(lambda inside: apply_group([made], inside))
    assert [result.token for result in results] == list(wishes)
    return {result.token: result.outcome for result in results}


@pytest.mark.parametrize("name", BOX_OFFICE)
def test_another_version_is_not_changed(store: OpenStore, venue: Database, name: str) -> None:
    before = venue.rows()
    versions = {token: row["revision"] + 1 for token, row in before.items()}
    outcomes = change(store, name, Conditions(versions=versions))
    assert outcomes == {**dict.fromkeys(TOKENS, Outcome.CHANGED), "nothing": Outcome.UNKNOWN}
    assert venue.rows() == before


@pytest.mark.parametrize("name", BOX_OFFICE)
def test_the_confirmed_version_is_judged_by_the_rule(
    store: OpenStore, venue: Database, name: str
) -> None:
    rows = venue.rows()
    versions = {token: row["revision"] for token, row in rows.items()}
    limited = change(store, name, Conditions(versions=versions))
    changed = {token for token, row in venue.rows().items() if row != rows[token]}
    assert changed == {t for t, outcome in limited.items() if outcome is VERBS[name].done}
    assert changed


@pytest.mark.parametrize("name", BOX_OFFICE)
def test_another_organization_is_unknown(store: OpenStore, venue: Database, name: str) -> None:
    before = venue.rows()
    outcomes = change(store, name, Conditions(frozenset({FOREIGN_ORGANIZATION})))
    hidden = {token for token, outcome in outcomes.items() if outcome is Outcome.UNKNOWN}
    assert hidden == {*TOKENS, "nothing"} - set(FOREIGN)
    changed = {token for token, row in venue.rows().items() if row != before[token]}
    assert changed and changed <= set(FOREIGN)


def test_requests_of_one_group_have_their_own_conditions(store: OpenStore, venue: Database) -> None:
    mine, theirs = (
        [one.token for one in EVERY_STATE if one.organization_id == organization and not one.voided]
        for organization in (ORGANIZATION, FOREIGN_ORGANIZATION)
    )
    scopes = [(mine, None), (theirs, ORGANIZATION), (["nothing"], FOREIGN_ORGANIZATION)]
    group = [
        voiding(dict.fromkeys(tokens), conditions=Conditions(frozenset({scope}) if scope else None))
        for tokens, scope in scopes
    ]
    results = store.commit(lambda inside: apply_group(group, inside))
    outcomes = [{result.outcome for result in some} for some in results]
    assert outcomes == [{Outcome.MADE_VOID}, {Outcome.UNKNOWN}, {Outcome.UNKNOWN}]
    voided = {token for token, row in venue.rows().items() if row["revision"] == 2}
    assert voided == set(mine)


def make_listed(database: Database) -> None:
    """An inventory of two listed tickets."""
    fill(database, [listed("a"), listed("b")])


@pytest.mark.parametrize(
    ("conditions", "outcomes"),
    [
        (Conditions(versions={"a": 1, "b": 1}), [Outcome.CHANGED, Outcome.MADE_VOID]),
        (Conditions(), [Outcome.MADE_VOID, Outcome.MADE_VOID]),
    ],
    ids=["with versions", "the control without them"],
)
def test_a_ticket_that_changes_between_confirmation_and_portion(
    database: Database, conditions: Conditions, outcomes: list[Outcome]
) -> None:
    make_listed(database)
    with opened(database.store()) as store:
        committer = CommitEach(store.store)
        versions = store.run(select_versions(store.store, MINE_LISTED))
        assert versions == {"a": 1, "b": 1}
        store.run(unlock_tickets(committer, ASKER, MINE, ["a"]))
        results = store.run(void_tickets(committer, ASKER, versions, conditions=conditions))
    assert [result.outcome for result in results] == outcomes


@pytest.mark.only_on("postgres")
@pytest.mark.parametrize("is_locked", [True, False], ids=["locked", "the control"])
def test_nobody_changes_a_ticket_whose_version_was_read(
    database: Database, is_locked: bool
) -> None:
    make_listed(database)

    async def unlock_meanwhile(transaction: Transaction) -> bool:
        """Whether a channel could unlock the ticket before this transaction has ended."""
        if is_locked:
            assert await transaction.tickets.lock_versions(["a"]) == {"a": 1}
        else:
            await transaction.tickets.read_whole(["a"])
        other = database.store()
        try:
            await unlock_tickets(CommitEach(other), ASKER, MINE, ["a"])
        except Unavailable:
            return False
        finally:
            await other.close()
        return True

    with opened(database.store()) as store:
        assert store.commit(unlock_meanwhile) is not is_locked


def test_bulk_changes_of_the_same_tickets_change_each_once(database: Database) -> None:
    """Both have read the same versions. On PostgreSQL they lock their tickets in the same order."""
    tokens = [f"t{number}" for number in range(600)]
    fill(database, map(listed, tokens))

    async def change_all() -> list[Outcome]:
        stores = [database.store(), database.store()]
        versions = dict.fromkeys(tokens, 1)
        try:
            found = await asyncio.gather(*(_void(store, versions) for store in stores))
        finally:
            for store in stores:
                await store.close()
        return [outcome for some in found for outcome in some]

    outcomes = asyncio.run(change_all())
    assert outcomes.count(Outcome.MADE_VOID) == outcomes.count(Outcome.CHANGED) == len(tokens)
    assert {row["revision"] for row in database.rows().values()} == {2}


async def _void(store: Store, versions: Versions) -> list[Outcome]:
    change = partial(void_tickets, CommitEach(store), ASKER)
    return [
        result.outcome
        async for portion in change_in_portions(change, versions)
        for result in portion
    ]


def test_a_confirmation_is_about_all_that_decides() -> None:
    versions = {"a": 1, "b": 2}
    first = confirmation_of(["void"], MINE_LISTED, versions)
    assert first == confirmation_of(["void"], MINE_LISTED, dict(reversed(versions.items())))
    scoped = MINE_LISTED._replace(organizations=frozenset({ORGANIZATION}))
    nobody = MINE_LISTED._replace(organizations=frozenset())
    others = [
        confirmation_of(["hold", None, False], MINE_LISTED, versions),
        confirmation_of(["void"], Selection(TicketFilter(section=CHANNEL)), versions),
        confirmation_of(["void"], scoped, versions),
        confirmation_of(["void"], nobody, versions),
        confirmation_of(["void"], MINE_LISTED, {"a": 1, "b": 3}),
        confirmation_of(["void"], MINE_LISTED, {"a": 1}),
        confirmation_of(["void"], MINE_LISTED, {"a": 12, "b": 2}),
    ]
    assert len({first, *others}) == 1 + len(others)
