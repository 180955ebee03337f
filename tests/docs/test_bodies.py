"""The reference's bodies are what the calls take and answer, member by member."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seatlatch.channel_api import events
from seatlatch.channel_api import schemas as api
from seatlatch.http.problems import ErrorBody, PlainError
from seatlatch.operator_api import access_schemas as access
from seatlatch.operator_api import audit as audit_api
from seatlatch.operator_api import event_schemas, journal
from seatlatch.operator_api import schemas as operator
from seatlatch.presentation import audit, tickets, traces
from seatlatch.presentation.schemas import FailedTicket, SucceededTicket, TicketResults
from seatlatch.webhooks.event_message import EventsMessage, MessageEvent
from seatlatch.webhooks.message import MessageSeat, SeatsMessage
from seatlatch.webhooks.message_for_test import MessageForTest
from tests.docs.pages import DOCS, blocks, name_of, prose

REFERENCE = DOCS / "reference"
LOCK, UNLOCK, VERIFY, TOKEN, OPERATOR, EVENTS, REQUESTS, WEBHOOKS = (
    REFERENCE / f"{name}.md"
    for name in ("lock", "unlock", "verify", "token", "operator", "events", "requests", "webhooks")
)
ADMINISTRATION = REFERENCE / "administration.md"

SHOWN: dict[Path, list[Any]] = {
    LOCK: [api.LockRequest, TicketResults[SucceededTicket]],
    UNLOCK: [api.UnlockRequest],
    VERIFY: [api.VerifyRequest, api.VerifyRequest, FailedTicket],
    TOKEN: [api.TokenRequest, api.TokenRequest, PlainError],
    OPERATOR: [
        list[operator.RecordBody],
        operator.StatusRequest,
        operator.OverrideRequest,
        operator.VoidRequest,
        operator.OverrideRequest,
        operator.DryRun,
        list[event_schemas.EventBody],
    ],
    ADMINISTRATION: [
        access.Organization,
        access.ChannelBody,
        access.ApplicationBody,
        access.RotateApiKey,
        access.OperatorBody,
        access.OperatorChange,
        access.RotateOperatorKey,
    ],
    WEBHOOKS: [SeatsMessage, MessageForTest, EventsMessage],
}
"""What each page's JSON is, in order."""

NAMED: dict[Path, Iterable[type[msgspec.Struct]]] = {
    LOCK: [api.LockRequest, api.ListedTickets, api.ListedTicket, api.Seller],
    UNLOCK: [api.UnlockRequest, SucceededTicket, ErrorBody],
    VERIFY: [api.VerifyRequest, api.AskedTickets, api.VerifiedTicket],
    TOKEN: [api.TokenRequest, api.TokenPair, PlainError],
    OPERATOR: [
        operator.RecordBody,
        operator.StatusRequest,
        operator.OverrideRequest,
        operator.VoidRequest,
        operator.FilterBody,
        operator.DryRun,
        operator.FindQuery,
        operator.PutTicket,
        operator.TicketWithStatus,
        tickets.ShownTicket,
        tickets.ShownHold,
        tickets.ShownListing,
        tickets.Page,
        traces.Traces,
        traces.Trace,
        traces.TracedTicket,
        journal.HistoryQuery,
        journal.ShownHistory,
        journal.ShownChange,
        event_schemas.EventBody,
        event_schemas.EventsQuery,
        event_schemas.EventsPage,
        event_schemas.ShownEvent,
        event_schemas.EventCounts,
        event_schemas.PutEvent,
        event_schemas.FailedEvent,
    ],
    ADMINISTRATION: [
        *(access.Organization, access.OrganizationList),
        *(access.ChannelBody, access.ShownChannel, access.ChannelList),
        *(access.ApplicationBody, access.ShownApplication, access.ShownApiKey),
        *(access.ApplicationList, access.AddedApplication, access.RotateApiKey),
        *(access.NewApiKey, access.NewAuthorizationCode),
        *(access.OperatorBody, access.OperatorChange, access.RotateOperatorKey),
        *(access.ShownOperatorKey, access.ChangedOperator, access.ShownOperator),
        *(access.OperatorList, access.AddedOperator, access.NewOperatorKey),
        *(audit_api.AuditQuery, audit.ShownAuditEntry, audit.ShownAudit),
    ],
    WEBHOOKS: [SeatsMessage, MessageSeat, EventsMessage, MessageEvent],
    EVENTS: [events.FeedQuery, events.Feed, events.FeedEvent],
    REQUESTS: [traces.Traces, traces.Trace, traces.TracedTicket],
}
"""What each page names every member of."""


exact = msgspec.json.Decoder(float_hook=Decimal)


def of_our_own(kind: type[Any], value: Any) -> Any:
    """A type that JSON has no word for."""
    return kind(value)


@pytest.mark.parametrize("page", SHOWN, ids=name_of)
def test_examples_have_the_shape_of_their_call(page: Path) -> None:
    bodies = [block.text for block in blocks(page) if block.language == "json"]
    for body, shape in zip(bodies, SHOWN[page], strict=True):
        given = exact.decode(body)
        known = msgspec.convert(given, shape, dec_hook=of_our_own)
        kept = msgspec.to_builtins(known, enc_hook=str)
        assert no_more_than(given, kept), "a member that the call does not know"


def no_more_than(given: Any, kept: Any) -> bool:
    """Whether every member of what is given came through."""
    if isinstance(given, dict):
        return all(name in kept and no_more_than(given[name], kept[name]) for name in given)
    if isinstance(given, list):
        return all(no_more_than(one, other) for one, other in zip(given, kept, strict=True))
    return True


@pytest.mark.parametrize("page", NAMED, ids=name_of)
def test_every_member_is_named(page: Path) -> None:
    text = prose(page) + "".join(block.text for block in blocks(page))
    for shape in NAMED[page]:
        for field in msgspec.structs.fields(shape):
            name = field.encode_name
            assert f"`{name}`" in text or f".{name}`" in text or f'"{name}"' in text, name
