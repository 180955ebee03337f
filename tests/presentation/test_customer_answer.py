"""The answer for a customer: friendly, complete, and without anything internal."""

from datetime import UTC, datetime

from seatlatch.domain.performance import Event
from seatlatch.domain.ticket import TicketRecord
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations.ticket_story import Situation
from seatlatch.presentation.customer_answer import customer_answer
from tests.cases import all_cases

RECORD = TicketRecord("TOKEN", "ORG", "OWNER", "ACCESS", "101", "B", "3", "BARCODE")
BARE = TicketRecord("TOKEN", "ORG", "OWNER")
EVENT = Event("ORG", "ACCESS", "The game", "SEASON", "ITEM", facility_code="FACILITY")
END = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)
INTERNAL = ("TOKEN", "ORG", "OWNER", "ACCESS", "BARCODE", "SEASON", "ITEM", "FACILITY")


def situation(state: TicketState, **more: datetime | str) -> Situation:
    """A situation of which all that is internal is known."""
    known = Situation(state, END, "OPERATOR", None, "REASON", None, None)
    return known._replace(**more)  # type: ignore[arg-type]


ANSWERS = {
    "free": (
        situation(TicketState.FREE),
        "is valid and is not listed for sale."
        " You can use it, give it to somebody else, or list it.",
    ),
    "listed": (
        situation(TicketState.LISTED, channel="CHANNEL", listing_id="LISTING"),
        "is listed for sale at a marketplace. To use it yourself or to give it to somebody else,"
        " please take the listing down there first.",
    ),
    "held": (
        situation(TicketState.HELD),
        "is on hold at the box office. It can't be changed until the hold has ended."
        " If you have questions, please contact the box office.",
    ),
    "held until a time": (
        situation(TicketState.HELD, until=END),
        "is on hold at the box office. It can't be changed until 3 November 2026, 09:05 UTC."
        " If you have questions, please contact the box office.",
    ),
    "held and listed": (
        situation(TicketState.HELD, channel="CHANNEL", listing_id="LISTING"),
        "is on hold at the box office. It can't be changed until the hold has ended."
        " It is still listed for sale. If you have questions, please contact the box office.",
    ),
    "void": (
        situation(TicketState.VOIDED),
        "is no longer valid: it was cancelled or replaced. If it was replaced, you will find the"
        " new ticket in your account. If you have questions, please contact the box office.",
    ),
}


@all_cases(("situation", "words"), ANSWERS.values(), ids=ANSWERS)
def test_each_state_has_an_answer_without_internals(situation: Situation, words: str) -> None:
    answer = customer_answer(RECORD, EVENT, situation)
    assert answer == f"Your ticket for The game (section 101, row B, seat 3) {words}"
    assert customer_answer(BARE, None, situation) == f"Your ticket {words}"
    hidden = (*INTERNAL, "OPERATOR", "REASON", "CHANNEL", "LISTING")
    assert [one for one in hidden if one in answer] == []


def test_what_is_known_of_the_seat_is_named() -> None:
    free = situation(TicketState.FREE)
    row = BARE._replace(row="B", seat="3")
    assert customer_answer(row, None, free).startswith("Your ticket for row B, seat 3 is valid")
    assert customer_answer(BARE, EVENT, free).startswith("Your ticket for The game is valid")
    nameless = EVENT._replace(item_name=None)
    assert customer_answer(RECORD, nameless, free).startswith(
        "Your ticket for section 101, row B, seat 3 is valid"
    )
