"""The content of messages, their size limits and their signatures."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from seatlatch.domain.event import SeatEvent
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.ticket import TicketRecord
from seatlatch.operations.write_webhooks import new_webhook_secret
from seatlatch.webhooks.message import BODY_BYTES_MAX, SEATS_MAX, messages_of, signed

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
REQUEST_ID = str(UUID(int=7))


def event(
    token: str,
    *,
    entry_id: int = 1,
    organization_id: str = "1001",
    outcome: Outcome = Outcome.HELD,
    section: str | None = "101",
    hold_expires_at: datetime | None = None,
) -> SeatEvent:
    record = TicketRecord(token, organization_id, "owner", "E1", section, "A", "7", "barcode")
    return SeatEvent(
        entry_id,
        REQUEST_ID,
        NOW,
        outcome,
        "LOCK" if outcome is Outcome.HELD else "UNLOCK",
        outcome is Outcome.HELD,
        hold_expires_at,
        3,
        None,
        "channel",
        record,
    )


def test_a_message_has_the_documents_form() -> None:
    """Exactly: first the document's members, then the additional ones of a seat."""
    (message,) = messages_of([event("t", hold_expires_at=NOW)], lambda: "msg_1")
    assert message.message_id == "msg_1"
    assert message.tokens == ["t"]
    assert message.body == (
        '{"data":{"seats":[{"accessId":"E1","season":null,"item":null,"section":"101","row":"A",'
        '"seat":"7","status":"LOCK","token":"t","version":3,"mpreserve":true,"change":"held",'
        '"holdExpiresAt":"2026-11-23T12:00:00.123456Z"}]},"metadata":{"messageEntity":"seats"},'
        f'"pacOrganizationId":"1001","requestId":"{REQUEST_ID}",'
        '"timestamp":"2026-11-23T12:00:00.123456Z"}'
    )


@pytest.mark.parametrize(
    ("outcome", "change"),
    [
        (Outcome.LOCKED, "locked"),
        (Outcome.UNLOCKED, "unlocked"),
        (Outcome.HELD, "held"),
        (Outcome.RELEASED, "released"),
        (Outcome.MADE_VOID, "voided"),
    ],
)
def test_each_outcome_has_its_word(outcome: Outcome, change: str) -> None:
    (message,) = messages_of([event("t", outcome=outcome)])
    (seat,) = json.loads(message.body)["data"]["seats"]
    assert seat["change"] == change
    assert "holdExpiresAt" not in seat


def test_a_message_has_no_owner_and_no_barcode() -> None:
    (message,) = messages_of([event("t")])
    assert "owner" not in message.body
    assert "barcode" not in message.body


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(["1001", "2002"]), st.text(max_size=400)),
        max_size=150,
    )
)
def test_a_message_has_its_bounds_and_nothing_is_lost(seats: list[tuple[int, str, str]]) -> None:
    """One request and one organization; 100 seats and 20 kB, unless one seat alone is longer."""
    numbers = count()
    seats.sort(key=lambda one: one[0])
    events = [
        event(f"t{next(numbers)}", entry_id=entry_id, organization_id=organization, section=text)
        for entry_id, organization, text in seats
    ]
    by_token = {one.record.token: one for one in events}
    found = list(messages_of(events))
    for message in found:
        body = json.loads(message.body)
        assert [seat["token"] for seat in body["data"]["seats"]] == message.tokens
        of = [by_token[token] for token in message.tokens]
        assert {one.record.organization_id for one in of} == {body["pacOrganizationId"]}
        assert len({one.entry_id for one in of}) == 1
        assert 1 <= len(of) <= SEATS_MAX
        assert len(message.body.encode()) <= BODY_BYTES_MAX or len(of) == 1
    assert sorted(t for message in found for t in message.tokens) == sorted(by_token)
    assert len({message.message_id for message in found}) == len(found)


def test_a_thousand_seats_are_some_messages() -> None:
    found = list(messages_of([event(f"t{number}") for number in range(1_000)]))
    assert 10 <= len(found) <= 25


def test_it_is_signed_by_each_secret_as_the_reference_verifies_it() -> None:
    new, old, other = new_webhook_secret(), new_webhook_secret(), new_webhook_secret()
    now = datetime.now(UTC)
    headers = dict(signed([new, old], "msg_1", '{"a":"é"}', now))
    for secret in (new, old):
        assert Verifier(secret).verify('{"a":"é"}'.encode(), headers) == {"a": "é"}
    for secret, body in ((other, '{"a":"é"}'), (new, '{"a":"e"}')):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(new).verify('{"a":"é"}', {**headers, "webhook-id": "msg_2"})
    late = dict(signed([new], "msg_1", "{}", now - timedelta(minutes=10)))
    with pytest.raises(WebhookVerificationError):
        Verifier(new).verify("{}", late)
