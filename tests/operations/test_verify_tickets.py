"""Verify through a real store: what a channel may see, by token and by barcode."""

from collections.abc import Iterator

import pytest

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.outcome import Outcome
from seatlatch.operations.verify_tickets import Verified, verify_barcodes, verify_tokens
from seatlatch.store.tickets import Mpreserve, NewTicket
from tests.databases import Database
from tests.operations.changes import NO_ENTRY
from tests.operations.states import LISTING, MINE, NOW, THEIRS, WITHOUT_GRANT
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OTHER_CHANNEL, OWNER, fill
from tests.stores import OpenStore, opened

UNKNOWN = Verified("?", Outcome.UNKNOWN, None, None, None, None)


def ticket(token: str, barcode: str, access_id: str = "E") -> NewTicket:
    return NewTicket(token, ORGANIZATION, OWNER, access_id, barcode=barcode)


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(
        database,
        [
            ticket("open", "open"),
            ticket("mine", "mine"),
            ticket("voided", "reissued")._replace(voided=True),
            ticket("held", "reissued")._replace(seat_status="LOCK"),
            ticket("theirs", "reissued")._replace(mpreserve_channel=OTHER_CHANNEL),
            ticket("voided-2", "void")._replace(voided=True),
            ticket("voided-1", "void")._replace(voided=True),
            ticket("foreign", "foreign")._replace(organization_id=FOREIGN_ORGANIZATION),
            ticket("twin-2", "twin"),
            ticket("twin-1", "twin"),
            ticket("elsewhere", "open", "F"),
        ],
    )
    with opened(database.store(NOW)) as store:
        store.commit(
            lambda inside: inside.tickets.change_mpreserve(
                {"mine": Mpreserve(MINE, LISTING)}, NO_ENTRY
            )
        )
        yield store


def by_token(store: OpenStore, channel: Channel, *tokens: str) -> list[Verified]:
    return store.run(verify_tokens(store.store, channel, tokens))


def by_barcode(store: OpenStore, channel: Channel, *barcodes: str) -> list[Verified]:
    return store.run(verify_barcodes(store.store, channel, "E", barcodes))


def test_each_different_token_has_one_result_in_order(store: OpenStore) -> None:
    found = by_token(store, MINE, "mine", "none", "open", "mine", "", "none")
    assert [one.asked for one in found] == ["mine", "none", "open", ""]
    assert [one.outcome for one in found] == [
        *(Outcome.VERIFIED, Outcome.UNKNOWN, Outcome.VERIFIED, Outcome.UNKNOWN)
    ]
    assert found[1] == UNKNOWN._replace(asked="none", token="none")
    assert by_token(store, MINE) == []


def test_a_listing_is_shown_to_its_own_channel_alone(store: OpenStore) -> None:
    (mine,) = by_token(store, MINE, "mine")
    assert (mine.outcome, mine.listing, mine.owner_id) == (Outcome.VERIFIED, LISTING, OWNER)
    (seen,) = by_token(store, THEIRS, "mine")
    assert seen == Verified("mine", Outcome.RESERVED_ELSEWHERE, "mine", OWNER, None, None)
    (unlisted,) = by_token(store, MINE, "open")
    assert (unlisted.outcome, unlisted.listing) == (Outcome.VERIFIED, None)


def test_a_listing_without_content_is_still_the_channels(store: OpenStore) -> None:
    store.commit(
        lambda inside: inside.tickets.change_mpreserve(
            {"open": Mpreserve(MINE, Listing())}, NO_ENTRY
        )
    )
    (one,) = by_token(store, MINE, "open")
    assert one.listing == Listing()


@pytest.mark.parametrize("barcode", ["foreign", "none", ""])
def test_a_barcode_without_a_grant_is_like_one_that_is_none(store: OpenStore, barcode: str) -> None:
    assert by_barcode(store, MINE, barcode) == [UNKNOWN._replace(asked=barcode)]
    assert by_barcode(store, WITHOUT_GRANT, "open") == [UNKNOWN._replace(asked="open")]


def test_a_token_without_a_grant_is_like_one_that_is_none(store: OpenStore) -> None:
    for channel, token in ((MINE, "foreign"), (MINE, "none"), (WITHOUT_GRANT, "open")):
        assert by_token(store, channel, token) == [UNKNOWN._replace(asked=token, token=token)]


@pytest.mark.parametrize(
    ("channel", "barcode", "outcome", "token"),
    [
        (MINE, "open", Outcome.VERIFIED, "open"),
        (MINE, "reissued", Outcome.RESERVED_ELSEWHERE, "theirs"),
        (THEIRS, "reissued", Outcome.VERIFIED, "theirs"),
        (MINE, "void", Outcome.VOIDED, "voided-1"),
        (MINE, "twin", Outcome.VERIFIED, "twin-1"),
        (THEIRS, "foreign", Outcome.VERIFIED, "foreign"),
    ],
)
def test_of_several_tickets_with_a_barcode_the_least_barred_counts(
    store: OpenStore, channel: Channel, barcode: str, outcome: Outcome, token: str
) -> None:
    (one,) = by_barcode(store, channel, barcode)
    assert (one.asked, one.outcome, one.token, one.owner_id) == (barcode, outcome, token, OWNER)
    assert (one.ticket is not None) == (outcome is Outcome.VERIFIED)


def test_each_different_barcode_has_one_result_in_order(store: OpenStore) -> None:
    found = by_barcode(store, MINE, "twin", "none", "mine", "twin")
    assert [(one.asked, one.token) for one in found] == [
        *(("twin", "twin-1"), ("none", None), ("mine", "mine"))
    ]
    assert found[2].listing == LISTING
