"""The operators' list of requests: its filters, its pages, and what the sandbox adds to them.

A page has some requests of the journal. What the sandbox has kept besides is put between them by
its time, and so belongs to the page whose requests are from that time.

See decision 179.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from seatlatch.console.request_rows import RequestRow, listed_row, merged
from seatlatch.domain.journal import FoundEntry, Verb
from seatlatch.domain.operator import Operator
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.http.query import bound_cursor, digest_of, place_in
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.journal_scope import Scope
from seatlatch.operations.list_requests import RequestFilter, list_requests
from seatlatch.presentation.inspection import InspectedRequest, RequestInspector
from seatlatch.presentation.requests import EntryNumber, has_status, listed_requests
from seatlatch.presentation.schemas import Timestamp
from seatlatch.store.interface import Store

PAGE_REQUESTS = 50


class ListQuery(Struct, rename="camel"):
    """The query of the list. `since` is included, `until` is not; UTC unless they have an offset.

    `after`: the continuation of an earlier page. `seen`: the digest of the rows that are shown.
    """

    channel_code: str = ""
    type: Verb | None = None
    status: Annotated[int, Meta(ge=100, le=599)] | None = None
    since: str = ""
    until: str = ""
    after: str = ""
    seen: str = ""

    @property
    def filters(self) -> dict[str, str | int | None]:
        """The parameters that choose what is listed, by their names in the query."""
        return {
            "channelCode": self.channel_code,
            "type": self.type,
            "status": self.status,
            "since": self.since,
            "until": self.until,
        }


class Continuation(NamedTuple):
    """The start of a further page. `before`: what the sandbox has kept from then on was shown."""

    position: dict[EntryNumber, EntryNumber]
    before: Timestamp


class RequestPage(NamedTuple):
    """A page of the list. `next`: the value of `after` for older requests; None = no more."""

    rows: Sequence[RequestRow]
    next: str | None

    @property
    def digest(self) -> str:
        """A text that changes with the rows."""
        return digest_of(self.rows)


def visible_inspector(
    inspector: RequestInspector | None, operator: Operator
) -> RequestInspector | None:
    """The requests that the sandbox keeps, for an operator who may see them: they may name tickets
    of any organization.
    """
    return inspector if operator.organizations is None else None


class RequestList:
    """Reads pages of the list. `inspector` None = the journal has all that is shown."""

    def __init__(
        self, store: Store, alarm: JournalAlarm, inspector: RequestInspector | None
    ) -> None:
        self._store = store
        self._alarm = alarm
        self._inspector = inspector

    def inspector(self, operator: Operator) -> RequestInspector | None:
        """The requests that the sandbox keeps, if an operator may see them."""
        return visible_inspector(self._inspector, operator)

    async def page(self, operator: Operator, query: ListQuery) -> RequestPage:
        """A page of the requests that an operator may see. Raises `InvalidRequest`."""
        wanted = _filter_of(query)
        start = place_in(query.after, Continuation, query.filters) if query.after else None
        position = start.position if start else None
        scope = Scope(operator.organizations)
        found = await list_requests(self._store, wanted, scope, position, PAGE_REQUESTS)
        self._alarm.entries(found.entries)
        rows: Iterable[RequestRow] = map(listed_row, listed_requests(found.entries, {}))
        before = start.before if start else datetime.max.replace(tzinfo=UTC)
        rest = None
        if found.position is not None:
            oldest = _oldest(found.entries, before)
            rest = bound_cursor(Continuation(dict(found.position), oldest), query.filters)
        else:
            oldest = datetime.min.replace(tzinfo=UTC)
        received = self._received(operator, wanted, query.status)
        between = [one for one in received if oldest <= one.timestamp < before]
        return RequestPage(list(merged(list(rows), between)), rest)

    def _received(
        self, operator: Operator, wanted: RequestFilter, status: int | None
    ) -> Sequence[InspectedRequest]:
        """The wanted requests that the journal does not have, the newest first."""
        inspector = self.inspector(operator)
        return [
            one
            for one in (inspector.latest() if inspector else ())
            if not one.is_recorded
            and status in (None, one.status)
            and wanted.channel_code in (None, one.channel_code)
            and wanted.verb in (None, one.verb)
            and (wanted.since is None or one.timestamp >= wanted.since)
            and (wanted.until is None or one.timestamp < wanted.until)
        ]


def _oldest(entries: Sequence[FoundEntry], before: datetime) -> datetime:
    """The earliest timestamp of a page that is not the last one."""
    return min((one.timestamp for one in entries if one.timestamp is not None), default=before)


def _filter_of(query: ListQuery) -> RequestFilter:
    since, until = _timestamp("From", query.since), _timestamp("Until", query.until)
    if since is not None and until is not None and since >= until:
        raise InvalidRequest("From must be before Until.")
    channel_code = query.channel_code or None
    return RequestFilter(channel_code, query.type, since, until, has_status(query.status))


def _timestamp(name: str, text: str) -> datetime | None:
    """A timestamp of the form, or None for an empty text. Raises `InvalidRequest`."""
    if not text:
        return None
    try:
        timestamp = datetime.fromisoformat(text)
        return timestamp.replace(tzinfo=timestamp.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(f"{name} must be a date and time such as 2026-01-31T12:00.") from None


def shown_filters(query: ListQuery) -> dict[str, Any]:
    """The filters for the fields of the form; timestamps in UTC, as the field takes them."""
    wanted = _filter_of(query)
    given = {"since": wanted.since, "until": wanted.until}
    texts = {
        name: timestamp.replace(tzinfo=None).isoformat(timespec="seconds") if timestamp else ""
        for name, timestamp in given.items()
    }
    return {**query.filters, **texts}
