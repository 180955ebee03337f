"""The /v1 calls that read the journal: a channel's own requests, and the feed."""

import asyncio
import re

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.api.body import encode_json
from seatlatch.api.cursors import Cursors
from seatlatch.api.events import LATEST, Feed, FeedQuery, told_event
from seatlatch.api.exchange import Exchange
from seatlatch.api.gate import Gate
from seatlatch.api.query import read_query
from seatlatch.api.refusals import RouteUnknown
from seatlatch.api.routes import ApiRoute
from seatlatch.api.traces import own_traces
from seatlatch.domain.channel import Channel
from seatlatch.operations.feed_news import FeedNews
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.read_events import Events, Place, first_place, last_place, read_feed
from seatlatch.operations.read_journal import trace_request
from seatlatch.store.interface import Store

UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

LOOK_SECONDS_MAX = 0.5
"""So long a request looks on where there is nothing for it. Then it is told to ask again."""

Json = "application/json"


class Journal:
    """The handlers, with what they work on."""

    def __init__(self, gate: Gate, store: Store, news: FeedNews, alarm: JournalAlarm) -> None:
        self._gate = gate
        self._store = store
        self._news = news
        self._alarm = alarm
        self._cursors: Cursors | None = None

    def routes(self) -> list[ApiRoute]:
        """Where each call is."""
        return [
            ApiRoute("/v1/requests/{requestId}", self.request, methods=["GET"]),
            ApiRoute("/v1/events", self.events, methods=["GET"]),
        ]

    async def request(self, request: Request) -> Response:
        """`GET /v1/requests/{requestId}`: what the channel asked for under a Request-ID."""
        caller = await self._gate.admit_look(Exchange.of(request))
        request_id = request_id_in(request)
        found = await trace_request(self._store, request_id, caller.channel.code)
        if not found.entries:
            raise no_such_request()
        cursors = await self._read_cursors()
        self._alarm.entries(found.entries)
        traces = own_traces(found.entries, caller.channel.code, cursors)
        return Response(encode_json(traces), media_type=Json)

    async def events(self, request: Request) -> Response:
        """`GET /v1/events`: what changed on the tickets that the channel may see."""
        exchange = Exchange.of(request)
        caller = await self._gate.admit_look(exchange)
        query = read_query(request.scope["query_string"], FeedQuery)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + query.wait
        cursors = await self._read_cursors()
        found = await self._begin(caller.channel, query, cursors)
        looked_seconds = 0.0
        while not found.events and looked_seconds < LOOK_SECONDS_MAX:
            if found.is_all and not await self._has_news(found.place, deadline):
                break
            await asyncio.sleep(0)  # others get their turn
            caller = await self._gate.still_admitted(exchange, caller)
            began = loop.time()
            found = await self._look(caller.channel, found.place, query.limit)
            looked_seconds += loop.time() - began
        told = [told_event(event) for event in found.events]
        feed = Feed(told, cursors.cursor_of(found.place), not found.is_all)
        return Response(encode_json(feed), media_type=Json)

    async def _read_cursors(self) -> Cursors:
        """The database's key is read once, for it never changes."""
        if self._cursors is None:
            key = await self._store.read(lambda snapshot: snapshot.read_cursor_key())
            self._cursors = Cursors(key)
        return self._cursors

    async def _begin(self, channel: Channel, query: FeedQuery, cursors: Cursors) -> Events:
        if isinstance(query.after, str) and query.after != LATEST:
            place = cursors.place_of(query.after, channel.code)
            return await self._look(channel, place, query.limit)
        begin = last_place if query.after == LATEST else first_place
        place = await self._store.read(lambda snapshot: begin(snapshot, channel))
        return await self._look(channel, place, query.limit)

    async def _look(self, channel: Channel, place: Place, limit: int) -> Events:
        found = await self._store.read(lambda snapshot: read_feed(snapshot, channel, place, limit))
        self._alarm.entries(found.damaged)
        return found

    async def _has_news(self, place: Place, deadline: float) -> bool:
        return await self._news.since(place.position, deadline)


def request_id_in(request: Request) -> str:
    """The Request-ID in a path. Raises `RouteUnknown` for what is none."""
    request_id = str(request.path_params["requestId"])
    if not UUID.fullmatch(request_id):
        raise no_such_request()
    return request_id


def no_such_request() -> RouteUnknown:
    """The refusal of a path whose Request-ID is unknown."""
    return RouteUnknown("There is no request of this Request-ID. Look whether it is spelt right.")
