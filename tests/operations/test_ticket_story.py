"""The story of a ticket: its situation in each state, its changes with their deliveries."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.performance import Event
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.domain.webhook import MessageState, Webhook
from seatlatch.operations import ticket_story as module
from seatlatch.operations.change_tickets import (
    hold_tickets,
    lock_tickets,
    override_unlock,
    release_tickets,
    unlock_tickets,
    void_tickets,
)
from seatlatch.operations.put_events import put_events
from seatlatch.operations.ticket_story import Situation, TicketStory, ticket_changes, ticket_story
from seatlatch.store.tickets import NewTicket
from seatlatch.store.webhooks import Attempt, NewMessage
from tests.databases import Clock, Database
from tests.operations.changes import ASKER
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
US = Channel(CHANNEL, frozenset({ORGANIZATION}))
TICKETS = [
    NewTicket("t", ORGANIZATION, OWNER, "GAME-1"),
    NewTicket("listed", ORGANIZATION, OWNER, mpreserve_channel=CHANNEL),
    NewTicket("held", ORGANIZATION, OWNER, seat_status="LOCK"),
    NewTicket("voided", ORGANIZATION, OWNER, voided=True),
]


class BoxOffice:
    """Changes the ticket `t`, each an hour after the one before."""

    def __init__(self, store: OpenStore, clock: Clock) -> None:
        self.store = store
        self._clock = clock
        self._committer = CommitEach(store.store)
        self._anna = ASKER._replace(application_id=None, channel_code=None, operator="anna")

    def lock(self, listing_id: str = "L-77") -> None:
        listing = {"t": Listing(external_listing_id=listing_id)}
        self.store.run(lock_tickets(self._committer, ASKER, US, listing))
        self.wait()

    def unlock(self) -> None:
        self.store.run(unlock_tickets(self._committer, ASKER, US, ["t"]))
        self.wait()

    def override(self) -> None:
        self.store.run(override_unlock(self._committer, self._anna, ["t"], "wrong"))
        self.wait()

    def hold(self, reason: str = "moving", seconds: int | None = None, by: str = "anna") -> None:
        asker = self._anna._replace(operator=by)
        held = hold_tickets(self._committer, asker, ["t"], reason, seconds, over_listing=True)
        self.store.run(held)
        self.wait()

    def release(self) -> None:
        self.store.run(release_tickets(self._committer, self._anna, ["t"], "moved"))
        self.wait()

    def void(self) -> None:
        self.store.run(void_tickets(self._committer, self._anna, ["t"], "fraud"))
        self.wait()

    def wait(self, time: timedelta = HOUR) -> None:
        self._clock.now += time

    def story(
        self, of: str = "t", organizations: frozenset[str] | None = None
    ) -> TicketStory | None:
        return self.store.read(
            lambda snapshot: ticket_story(snapshot, of, organizations, with_deliveries=True)
        )

    def situation(self, of: str = "t") -> Situation:
        story = self.story(of)
        assert story is not None
        return story.situation


@pytest.fixture
def clock(database: Database) -> Clock:
    fill(database, TICKETS)
    return database.clock(NOW)


@pytest.fixture
def office(database: Database, clock: Clock) -> Iterator[BoxOffice]:
    with opened(database.store(clock)) as store:
        yield BoxOffice(store, clock)


def test_a_ticket_without_changes_has_only_its_state(office: BoxOffice) -> None:
    assert office.situation() == Situation(TicketState.FREE)
    assert office.situation("listed") == Situation(TicketState.LISTED, channel=CHANNEL)
    assert office.situation("held") == Situation(TicketState.HELD)
    assert office.situation("voided") == Situation(TicketState.VOIDED)


def test_listed_since_the_first_lock_of_the_channel(office: BoxOffice) -> None:
    office.lock("L-1")
    office.unlock()
    office.lock("L-2")
    listed = Situation(TicketState.LISTED, NOW + 2 * HOUR, channel=CHANNEL, listing_id="L-2")
    assert office.situation() == listed
    office.lock("L-3")
    office.hold()
    office.release()
    assert office.situation() == listed._replace(listing_id="L-3")


def test_held_since_until_by_and_why(office: BoxOffice) -> None:
    office.hold("first", 36_000, by="ben")
    held = Situation(TicketState.HELD, NOW, "ben", NOW + 10 * HOUR, "first")
    assert office.situation() == held
    office.hold("second")
    assert office.situation() == held._replace(by="anna", until=None, reason="second")


def test_held_over_a_listing(office: BoxOffice) -> None:
    office.lock()
    office.hold()
    assert office.situation() == Situation(
        TicketState.HELD, NOW + HOUR, "anna", None, "moving", CHANNEL, "L-77"
    )


def test_a_hold_that_had_ended_is_not_part_of_the_next(office: BoxOffice) -> None:
    office.hold(seconds=60)
    assert office.situation() == Situation(TicketState.FREE, NOW + timedelta(seconds=60))
    office.hold("again")
    assert office.situation().since == NOW + HOUR


def test_void_since_by_and_why(office: BoxOffice) -> None:
    office.lock()
    office.void()
    assert office.situation() == Situation(TicketState.VOIDED, NOW + HOUR, "anna", reason="fraud")


def test_free_since_the_latest_change(office: BoxOffice) -> None:
    office.lock()
    office.unlock()
    assert office.situation() == Situation(TicketState.FREE, NOW + HOUR)
    office.lock()
    office.override()
    assert office.situation().since == NOW + 3 * HOUR
    office.hold()
    office.release()
    assert office.situation().since == NOW + 5 * HOUR


def test_a_beginning_that_is_on_a_later_page_is_unknown(
    office: BoxOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE_CHANGES", 2)
    for number in range(3):
        office.lock(f"L-{number}")
    assert office.situation() == Situation(
        TicketState.LISTED, None, channel=CHANNEL, listing_id="L-2"
    )
    office.hold("one")
    office.hold("two")
    office.hold("three")
    assert (office.situation().since, office.situation().by) == (None, "anna")


def test_a_damaged_entry_leaves_the_beginning_unknown(
    office: BoxOffice, database: Database
) -> None:
    office.lock()
    office.hold()
    office.release()
    database.execute("UPDATE journal SET entry = '{'")
    assert office.situation() == Situation(
        TicketState.LISTED, None, channel=CHANNEL, listing_id="L-77"
    )


def test_the_event_is_named_if_it_is_known(office: BoxOffice) -> None:
    def event() -> Event | None:
        story = office.story()
        assert story is not None
        return story.event

    assert event() is None
    known = Event(ORGANIZATION, "GAME-1", "The game")
    office.store.run(put_events(CommitEach(office.store.store), [known], ASKER.request_id))
    assert event() == known


def test_another_organizations_ticket_is_unknown(office: BoxOffice) -> None:
    assert office.story("unknown") is None
    assert office.story("t", frozenset({FOREIGN_ORGANIZATION})) is None
    assert office.story("t", frozenset({ORGANIZATION})) is not None


def messages(story: TicketStory | None) -> Sequence[Sequence[str]]:
    """The messages about each change, the latest change first."""
    assert story is not None
    history, deliveries = story.changes
    return [
        [one.delivery.message_id for one in deliveries.get(entry.entry_id, ())]
        for entry, _ in history.changes
    ]


async def queue(store: OpenStore, message: NewMessage) -> None:
    await store.store.commit(lambda t: t.webhooks.add_message("wh_1", message))


def add_messages(office: BoxOffice) -> None:
    """Add an endpoint, and a message for each change of the ticket."""
    hook = Webhook("wh_1", CHANNEL, "https://example.com/", True, NOW, "whsec_a", {1: 0})
    office.store.commit(lambda t: t.webhooks.add(hook))
    story = office.story()
    assert story is not None
    for number, (entry, _) in enumerate(story.changes.history.changes):
        message = NewMessage(f"msg_{number}", ["t"], "{}", entry_id=entry.entry_id)
        office.store.run(queue(office.store, message))


def test_changes_have_their_deliveries(office: BoxOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    office.lock()
    office.unlock()
    office.lock()
    add_messages(office)
    assert messages(office.story()) == [["msg_0"], ["msg_1"], ["msg_2"]]
    without = office.store.read(
        lambda snapshot: ticket_story(snapshot, "t", None, with_deliveries=False)
    )
    assert messages(without) == [[], [], []]
    monkeypatch.setattr(module, "PAGE_CHANGES", 2)
    story = office.story()
    assert messages(story) == [["msg_0"], ["msg_1"]]
    assert story is not None
    before = story.changes.history.next_entry_id
    older = office.store.read(
        lambda snapshot: ticket_changes(snapshot, "t", None, before, with_deliveries=True)
    )
    assert older is not None
    assert [entry.timestamp for entry, _ in older.history.changes] == [NOW]
    assert list(older.deliveries) == [older.history.changes[0][0].entry_id]


def test_a_story_is_settled_when_nothing_is_awaited(office: BoxOffice) -> None:
    def is_settled() -> bool:
        story = office.story()
        assert story is not None
        return story.is_settled

    assert is_settled()
    office.lock()
    office.wait(-HOUR + timedelta(seconds=59))
    assert not is_settled()
    office.wait(timedelta(seconds=2))
    assert is_settled()
    add_messages(office)
    assert not is_settled()
    attempt = Attempt("msg_0", MessageState.DELIVERED, NOW, NOW, 204, None, 1, b"")
    office.store.commit(lambda t: t.webhooks.note_attempt(attempt))
    assert is_settled()
