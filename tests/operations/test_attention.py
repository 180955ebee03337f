"""What needs attention: found in the inventory, and shown to those who may know of it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.verification import NewVerification, Tampered
from seatlatch.domain.webhook import Webhook, WebhookState
from seatlatch.logs import make_log
from seatlatch.operations.attention import (
    FRESH_SECONDS,
    Attention,
    AttentionFinder,
    EndlessHolds,
    RevokedLocks,
)
from seatlatch.operations.change_tickets import release_tickets
from seatlatch.operations.locked_counts import LockedCounter
from seatlatch.operations.record_verification import DUE_AFTER_SECONDS
from seatlatch.store.tickets import NewTicket
from tests.databases import Clock, Database
from tests.operations.changes import ASKER
from tests.serving import (
    APPLICATION,
    CHANNEL,
    FOREIGN_ORGANIZATION,
    ORGANIZATION,
    OTHER_APPLICATION,
    OTHER_CHANNEL,
    OWNER,
    fill,
    listed,
)
from tests.stores import OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REMOVED = "removed-channel"
ADMIN = Operator("admin", Role.ADMIN)
READ = Operator("read", Role.READ)
INSIDE = Operator("inside", Role.ADMIN, frozenset({ORGANIZATION}))
OUTSIDE = Operator("outside", Role.ADMIN, frozenset({FOREIGN_ORGANIZATION}))
HOOK = Webhook("wh_1", CHANNEL, "https://example.com/", False, NOW, "whsec_a", {})


class Scene:
    """An open store, and what needs attention in it."""

    def __init__(self, store: OpenStore, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.seconds = 100.0
        self.damaged_rows = 0.0
        self.counter = LockedCounter(store.store, lambda: self.seconds, make_log("json", "error"))
        self.finder = AttentionFinder(
            store.store, self.counter, lambda: self.damaged_rows, lambda: self.seconds
        )

    def find(self, operator: Operator = ADMIN) -> Attention:
        """What an operator sees when nothing is cached and holds and locks were counted."""
        self.seconds += 1_000
        return self.store.run(self._find(operator))

    async def _find(self, operator: Operator) -> Attention:
        before = self.counter.latest()
        async with asyncio.timeout(10):
            while True:
                if self.counter.latest() is not before:
                    return await self.finder.find(operator)
                await asyncio.sleep(0)

    def verify(self, *tampered: Tampered) -> None:
        verification = NewVerification(NOW, "tester", 3, len(tampered), tampered)
        self.store.commit(lambda t: t.verifications.record(verification))


@pytest.fixture
def scene(database: Database) -> Iterator[Scene]:
    fill(
        database,
        [
            NewTicket("free", ORGANIZATION, OWNER),
            listed("listed"),
            listed("other-listed", OTHER_CHANNEL),
            NewTicket("foreign", FOREIGN_ORGANIZATION, OWNER, mpreserve_channel=OTHER_CHANNEL),
        ],
    )
    clock = database.clock(NOW)
    with opened(database.store(clock)) as store:
        found = Scene(store, clock)
        found.verify()
        yield found
        store.run(found.counter.close())


def test_nothing_needs_attention(scene: Scene) -> None:
    attention = scene.find()
    assert attention == Attention([], [], [], None, NOW)
    assert attention.is_empty


def test_before_the_first_count_is_complete_holds_are_not_known(scene: Scene) -> None:
    attention = scene.store.run(scene.finder.find(ADMIN))
    assert (attention.holds, attention.locks, attention.counted_at) == ([], [], None)


def test_holds_without_an_end_are_found_by_event(scene: Scene, database: Database) -> None:
    for place, token in enumerate(("a", "b", "c")):
        access_id = "GAME-1" if place else None
        ticket = NewTicket(token, ORGANIZATION, OWNER, access_id, seat_status="LOCK")
        with database.provisioning() as provisioning:
            provisioning.add_tickets([ticket])
    expected = [EndlessHolds(ORGANIZATION, "GAME-1", 2), EndlessHolds(ORGANIZATION, "", 1)]
    for operator in (ADMIN, READ, INSIDE):
        assert scene.find(operator).holds == expected
    assert scene.find(OUTSIDE).holds == []


def test_locks_without_a_grant_are_found(scene: Scene) -> None:
    scene.store.commit(lambda t: t.access.remove_grant(OTHER_CHANNEL, FOREIGN_ORGANIZATION))
    expected = [RevokedLocks(FOREIGN_ORGANIZATION, OTHER_CHANNEL, 1, "no grant")]
    assert scene.find().locks == expected
    assert scene.find(OUTSIDE).locks == expected
    assert scene.find(INSIDE).locks == []


def test_locks_of_a_channel_without_an_application_are_found(scene: Scene) -> None:
    scene.store.commit(lambda t: t.access.remove_application(OTHER_APPLICATION))
    assert {one.organization_id for one in scene.find().locks} == {
        ORGANIZATION,
        FOREIGN_ORGANIZATION,
    }
    (inside,) = scene.find(INSIDE).locks
    assert inside == RevokedLocks(ORGANIZATION, OTHER_CHANNEL, 1, "no application with a key")


def test_locks_of_a_channel_whose_keys_have_ended_are_found(scene: Scene) -> None:
    scene.store.commit(lambda t: t.access.end_api_keys(APPLICATION, NOW))
    assert scene.find().locks == [
        RevokedLocks(ORGANIZATION, CHANNEL, 1, "no application with a key")
    ]


def test_locks_of_a_removed_channel_are_found(scene: Scene) -> None:
    scene.store.commit(lambda t: t.access.remove_application(APPLICATION))
    scene.store.commit(lambda t: t.access.remove_channel(CHANNEL))
    assert scene.find().locks == [RevokedLocks(ORGANIZATION, CHANNEL, 1, "channel removed")]


def test_failing_and_disabled_webhooks_are_found(scene: Scene) -> None:
    scene.store.commit(lambda t: t.webhooks.add(HOOK))
    assert scene.find().is_empty
    scene.store.commit(lambda t: t.webhooks.set_failing("wh_1", NOW, "refused"))
    assert [one.problem for one in scene.find().webhooks] == ["refused"]
    for operator in (READ, INSIDE):
        assert scene.find(operator).is_empty
    scene.store.commit(lambda t: t.webhooks.set_state("wh_1", WebhookState.DISABLED, "gone"))
    assert [one.shown_reason for one in scene.find().webhooks] == ["gone"]
    scene.store.commit(lambda t: t.webhooks.set_state("wh_1", WebhookState.PAUSED, None))
    assert scene.find().is_empty


def test_a_journal_must_be_verified_every_day(scene: Scene) -> None:
    scene.clock.now = NOW + timedelta(seconds=DUE_AFTER_SECONDS)
    assert scene.find().is_empty
    scene.clock.now += timedelta(seconds=1)
    journal = scene.find(READ).journal
    assert journal and journal.is_due and journal.last and not journal.damage
    assert scene.find(INSIDE).journal is None


def test_a_journal_that_was_never_verified_is_due(scene: Scene, database: Database) -> None:
    database.execute("DELETE FROM journal_verifications")
    journal = scene.find().journal
    assert journal and journal.is_due and journal.last is None


def test_what_a_verification_has_found_is_damage(scene: Scene) -> None:
    scene.verify(Tampered(0, 1, "Row 1 was changed."))
    journal = scene.find().journal
    assert journal and not journal.is_due and journal.damage == ["Row 1 was changed."]


def test_a_head_that_was_moved_is_damage(scene: Scene, database: Database) -> None:
    scene.store.run(release_tickets(CommitEach(scene.store.store), ASKER, ["free"]))
    database.execute("UPDATE journal_chains SET number = 7")
    journal = scene.find().journal
    assert journal and len(journal.damage) == 1 and "not at its last row" in journal.damage[0]


def test_a_damaged_row_that_was_read_is_damage(scene: Scene) -> None:
    scene.damaged_rows = 1
    journal = scene.find().journal
    assert journal and len(journal.damage) == 1 and "read" in journal.damage[0]


async def found_at_once(finder: AttentionFinder, people: int) -> None:
    await asyncio.gather(*(finder.find(ADMIN) for _ in range(people)))


def test_the_facts_are_read_once_for_all_who_look(scene: Scene) -> None:
    scene.find()
    scene.store.commit(lambda t: t.webhooks.add(HOOK))
    scene.store.commit(lambda t: t.webhooks.set_failing("wh_1", NOW, "refused"))
    assert scene.store.run(scene.finder.find(ADMIN)).is_empty
    scene.seconds += FRESH_SECONDS
    scene.store.run(found_at_once(scene.finder, 5))
    assert not scene.store.run(scene.finder.find(ADMIN)).is_empty
