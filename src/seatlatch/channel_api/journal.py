"""The `/v1` calls that read the journal: a channel's own requests, one or many, and the feed."""

import asyncio

from starlette.responses import Response

from seatlatch.channel_api.admission import ONLY_READS, ChannelAdmission
from seatlatch.channel_api.events import LATEST, Feed, FeedQuery, feed_event
from seatlatch.channel_api.requests import ListQuery, filter_of
from seatlatch.domain.application import Caller
from seatlatch.domain.channel import Channel
from seatlatch.domain.refusal import PlaceLost
from seatlatch.http.body import json_response
from seatlatch.http.query import digest_of, filters_of, given
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.feed_news import FeedNews
from seatlatch.operations.feed_reads import FeedReads
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.journal_scope import EVERYTHING
from seatlatch.operations.list_requests import list_requests
from seatlatch.operations.read_events import Events, Place, first_place, last_place, moved
from seatlatch.operations.read_journal import trace_request
from seatlatch.presentation.cursors import Cursors, read_cursors
from seatlatch.presentation.requests import OwnRequests, own_requests
from seatlatch.presentation.traces import REQUEST_ID, no_such_request, own_traces
from seatlatch.store.interface import Store

READ_SECONDS_MAX = 0.5
"""How long a request skips entries of other channels. Then it returns an empty page with its place.
"""

GET_REQUEST: RouteSpec[None] = RouteSpec(
    "GET", "/v1/requests/{requestId}", ONLY_READS, path_value=REQUEST_ID
)
LIST_REQUESTS = RouteSpec("GET", "/v1/requests", ONLY_READS, query=ListQuery)
LIST_EVENTS = RouteSpec("GET", "/v1/events", ONLY_READS, query=FeedQuery, own_refusals=(PlaceLost,))


class Journal:
    """The handlers of the calls that read the journal."""

    def __init__(
        self,
        admission: ChannelAdmission,
        store: Store,
        reads: FeedReads,
        news: FeedNews,
        alarm: JournalAlarm,
    ) -> None:
        self._admission = admission
        self._store = store
        self._reads = reads
        self._news = news
        self._alarm = alarm
        self._cursors: Cursors | None = None

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(GET_REQUEST, self._admission, self.request),
            api_route(LIST_REQUESTS, self._admission, self.requests),
            api_route(LIST_EVENTS, self._admission, self.events),
        ]

    async def request(self, call: Call[Caller, None]) -> Response:
        """`GET /v1/requests/{requestId}`: the channel's requests under a Request-ID."""
        channel_code = call.caller.channel.code
        found = await trace_request(self._store, call.path_value, channel_code)
        if not found.entries:
            raise no_such_request()
        cursors = await self._read_cursors()
        self._alarm.entries(found.entries)
        return json_response(
            own_traces(found.entries, lambda entry: cursors.entry_id_of(entry, channel_code))
        )

    async def requests(self, call: Call[Caller, ListQuery]) -> Response:
        """`GET /v1/requests`: the channel's requests, the newest first."""
        channel_code, query = call.caller.channel.code, call.input
        cursors = await self._read_cursors()
        digest = digest_of(filters_of(query))
        after = given(query.after)
        start = None if after is None else cursors.requests_position(after, channel_code, digest)
        wanted = filter_of(query, channel_code)
        found = await list_requests(self._store, wanted, EVERYTHING, start, query.limit)
        self._alarm.entries(found.entries)
        rows = own_requests(found.entries, lambda entry: cursors.entry_id_of(entry, channel_code))
        rest = found.position
        cursor = None if rest is None else cursors.requests_cursor(rest, channel_code, digest)
        return json_response(OwnRequests(rows, cursor))

    async def events(self, call: Call[Caller, FeedQuery]) -> Response:
        """`GET /v1/events`: the changes of tickets that the channel may see."""
        caller, query = call.caller, call.input
        loop = asyncio.get_running_loop()
        deadline = loop.time() + query.wait
        cursors = await self._read_cursors()
        found = await self._read_first(caller.channel, query, cursors)
        read_seconds = 0.0
        while not found.events and read_seconds < READ_SECONDS_MAX:
            place = found.place
            if found.is_all:
                news = await self._news.since(caller.channel.code, place.position, deadline)
                place = moved(place, news.position)
                if not news.has_come:
                    found = found._replace(place=place)
                    break
            # A request may wait for seconds. A revoked key or grant must take effect then.
            caller = await self._admission.confirm(call.context, LIST_EVENTS, caller)
            began = loop.time()
            found = await self._read(caller.channel, place, query.limit)
            read_seconds += loop.time() - began
        events = [feed_event(event) for event in found.events]
        place = found.place
        if not place.digest:
            place = await self._reads.with_digest(place)
        return json_response(Feed(events, cursors.cursor_of(place), not found.is_all))

    async def _read_cursors(self) -> Cursors:
        """The cursors of this journal. Their key is read once because it never changes."""
        if self._cursors is None:
            self._cursors = await read_cursors(self._store)
        return self._cursors

    async def _read_first(self, channel: Channel, query: FeedQuery, cursors: Cursors) -> Events:
        if isinstance(query.after, str) and query.after != LATEST:
            place = cursors.place_of(query.after, channel.code)
            return await self._read(channel, place, query.limit)
        begin = last_place if query.after == LATEST else first_place
        place = await self._store.read(lambda snapshot: begin(snapshot, channel))
        return await self._read(channel, place, query.limit)

    async def _read(self, channel: Channel, place: Place, limit: int) -> Events:
        found = await self._reads.read(channel, place, limit)
        self._alarm.entries(found.damaged)
        return found
