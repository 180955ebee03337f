"""A channel's cursors: opaque, valid for that channel alone, and compatible with version 0.1."""

import json
from base64 import b64decode, urlsafe_b64encode

import pytest

from seatlatch.domain.feed import CursorKey
from seatlatch.domain.refusal import InvalidRequest, PlaceLost
from seatlatch.journal.rows import entry_id_of
from seatlatch.operations.read_events import Place
from seatlatch.presentation.cursors import Cursors
from tests.channel_api.journal import OTHER, ask, events, reported
from tests.serving import CHANNEL, Served

CURSORS = Cursors(CursorKey(bytes(range(64)), {1: 10, 2: 5}))
PLACE = Place("a-journal", CHANNEL, {1: 7, 2: 9_876_543_210}, entry_id_of(1, 8), 3)
ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"


def decoded(cursor: str) -> bytes:
    """The bytes of a cursor."""
    return b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_")


def encoded(data: bytes) -> str:
    """The cursor of bytes."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def plain(*place: object) -> str:
    """A cursor as version 0.1 issued it."""
    return encoded(json.dumps(place).encode())


def test_a_cursor_leads_back_to_its_place() -> None:
    assert CURSORS.place_of(CURSORS.cursor_of(PLACE), CHANNEL) == PLACE


def test_two_cursors_of_one_place_differ() -> None:
    """Cursors must not show whether others were active between two empty pages."""
    assert CURSORS.cursor_of(PLACE) != CURSORS.cursor_of(PLACE)


def test_neither_text_nor_length_shows_a_position() -> None:
    small = CURSORS.cursor_of(Place("a-journal", CHANNEL, {1: 1}))
    large = CURSORS.cursor_of(Place("a-journal", CHANNEL, {1: 10**9, 2: 10**9, 3: 10**9}))
    assert len(small) == len(large)
    for cursor in (small, large):
        assert CHANNEL.encode() not in decoded(cursor)


def test_a_cursor_of_another_channel_or_key_is_refused() -> None:
    cursor = CURSORS.cursor_of(PLACE)
    with pytest.raises(InvalidRequest):
        CURSORS.place_of(cursor, "another")
    with pytest.raises(InvalidRequest):
        Cursors(CursorKey(bytes(64), {})).place_of(cursor, CHANNEL)


def test_a_cursor_that_was_changed_in_any_byte_is_refused() -> None:
    data = decoded(CURSORS.cursor_of(PLACE))
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(InvalidRequest):
            CURSORS.place_of(encoded(bytes(changed)), CHANNEL)
    for end in range(len(data)):
        with pytest.raises(InvalidRequest):
            CURSORS.place_of(encoded(data[:end]), CHANNEL)


def test_an_entry_id_is_no_cursor_and_stays_the_same() -> None:
    entry_id = CURSORS.entry_id_of(entry_id_of(1, 8), CHANNEL)
    assert entry_id == CURSORS.entry_id_of(entry_id_of(1, 8), CHANNEL)
    assert entry_id != CURSORS.entry_id_of(entry_id_of(1, 9), CHANNEL)
    assert entry_id != CURSORS.entry_id_of(entry_id_of(1, 8), "another")
    with pytest.raises(InvalidRequest):
        CURSORS.place_of(entry_id, CHANNEL)


def test_a_plain_cursor_is_accepted_up_to_where_the_journal_was_at_the_upgrade() -> None:
    place = Place("a-journal", CHANNEL, {1: 10, 2: 5})
    assert CURSORS.place_of(plain("a-journal", CHANNEL, {"1": 10, "2": 5}, 0, 0), CHANNEL) == place
    for position, entry_id in (({"1": 11}, 0), ({"3": 1}, 0), ({"1": 1}, entry_id_of(2, 6))):
        with pytest.raises(PlaceLost):
            CURSORS.place_of(plain("a-journal", CHANNEL, position, entry_id, 0), CHANNEL)


def test_a_cursor_of_another_channel_is_refused_over_http(served: Served) -> None:
    served.unlock("listed-1")
    of_other = events(served, **OTHER)["next"]
    assert ask(served, f"/v1/events?after={of_other}").status_code == 422


def test_nothing_that_a_channel_gets_counts_what_others_do(served: Served) -> None:
    """The same calls get texts of the same form, whether or not others were active."""
    for others in range(3):
        for _ in range(40 * others):
            served.unlock("listed-elsewhere", **OTHER)
        page = events(served, "?after=latest")
        assert (page["events"], page["more"]) == ([], False)
        assert len(page["next"]) == 215
        served.unlock("listed-1", Request_ID=ID)
    ids = [one["entryId"] for one in ask(served, f"/v1/requests/{ID}").json()["requests"]]
    assert len(set(ids)) == 3
    assert {len(one) for one in ids} == {32}
    assert not any(one.isdigit() for one in ids)


def test_what_version_0_1_issued_is_still_read(served: Served) -> None:
    """The database was upgraded after one entry. The journal has grown since."""
    served.unlock("listed-1")
    ((chain, number),) = served.database.execute("SELECT chain, number FROM journal_chains")
    served.database.execute("UPDATE cursor_key SET plain_until = ?", f"{chain}:{number}")
    ((key,),) = served.database.execute("SELECT journal_key FROM journal_key")
    served.unlock("listed-2")
    for position, expected in (
        ({}, [("unlocked", "listed-1", 2), ("unlocked", "listed-2", 2)]),
        ({chain: number}, [("unlocked", "listed-2", 2)]),
    ):
        cursor = plain(key, CHANNEL, position, 0, 0)
        page = events(served, f"?after={cursor}")
        assert reported(page) == expected
        assert reported(events(served, f"?after={page['next']}")) == []
    for later in (number + 1, number + 2, 10**40):
        cursor = plain(key, CHANNEL, {chain: later}, 0, 0)
        answer = ask(served, f"/v1/events?after={cursor}")
        assert (answer.status_code, answer.json()["error"]["type"]) == (410, "GONE")
    for wrong in (plain("another", CHANNEL, {}, 0, 0), plain(key, "another", {}, 0, 0)):
        assert ask(served, f"/v1/events?after={wrong}").status_code == 422
    negative = plain(key, CHANNEL, {chain: -1}, 0, 0)
    assert ask(served, f"/v1/events?after={negative}").status_code == 410
    odd = plain(key, CHANNEL, {}, -5, -(10**30))
    assert ask(served, f"/v1/events?after={odd}").status_code in (200, 410, 422)
