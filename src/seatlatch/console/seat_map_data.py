"""The JSON of seat maps for their script: encoded and compressed once for all viewers.

The layout of a map stays the same until an import changes its seats. The states are in columns, one
value for each seat in the order of the layout.

See decisions 176 and 177.
"""

import asyncio
import gzip
import sys
from array import array
from base64 import b64encode
from collections.abc import Callable, Collection
from datetime import datetime
from time import monotonic
from typing import NamedTuple, cast

import msgspec
from msgspec import Struct
from starlette.responses import Response

from seatlatch.console.pages import HEADERS
from seatlatch.domain.feed import position_to_text
from seatlatch.domain.performance import EventKey
from seatlatch.http.negotiation import prefers_gzip
from seatlatch.http.request_context import RequestContext
from seatlatch.operations.portions import Turns
from seatlatch.operations.seat_map import SeatMap
from seatlatch.operations.seat_maps import News

LAYOUTS_KEPT_EVENTS = 10

ZIPPED_BYTES_MIN = 1_000
GZIP_LEVEL = 1
"""The lowest: it is several times as fast, and most of a layout is tokens, which hardly compress.
"""

ASIDE_BYTES_MIN = 32 * 1024
"""A body of this size is compressed in a thread."""

ALL_SEATS_PART = 0.33
"""If more than this part of the seats has changed, the states of all seats are sent, which are
hardly longer and made faster.
"""


class States(Struct, omit_defaults=True):
    """The states of seats. `at`: the position to ask for what changes later; `now`: seconds since
    1970, as all times.

    If `seats` has the numbers of changed seats, the columns are texts and lists with a value for
    each of these. Otherwise they have a value for each seat of the map, and `channels` and `since`
    are 32-bit numbers, little-endian, in Base64.
    """

    map: str
    at: str
    now: int
    channel_codes: list[str] = msgspec.field(name="channelCodes")
    states: str
    channels: str | list[int]
    since: str | list[int]
    until: list[tuple[int, int]]
    seats: list[int] | None = None


class Body(NamedTuple):
    """The body of a response, compressed if that is useful."""

    content: bytes
    is_zipped: bool


class SeatMapData:
    """Encodes maps. To be used from one event loop. `now`: the time, aware UTC."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._layouts: dict[EventKey, tuple[str, Body]] = {}
        self._encoding = asyncio.Lock()

    async def layout(self, seat_map: SeatMap) -> Body:
        """The sections, rows and seats of a map."""
        async with self._encoding:
            map_id, body = self._layouts.pop(seat_map.key, ("", None))
            if body is None or map_id != seat_map.map_id:
                map_id = seat_map.map_id
                body = await _zipped_aside(await layout_json(seat_map, Turns(monotonic)))
            self._layouts[seat_map.key] = map_id, body
            while len(self._layouts) > LAYOUTS_KEPT_EVENTS:
                del self._layouts[next(iter(self._layouts))]
            return body

    async def states(self, news: News, after: str) -> Body:
        """The states that have changed since the position `after`, or those of all seats."""
        seat_map = news.seat_map
        name = "all" if news.changed is None else f"states after {after}"
        made = seat_map.derived.get(name)
        if isinstance(made, Body):
            return made
        if not isinstance(made, asyncio.Task):
            now = int(self._now().timestamp())
            content = msgspec.json.encode(states_of(seat_map, news.changed, now))
            if len(content) < ASIDE_BYTES_MIN:
                seat_map.derived[name] = body = zipped(content)
                return body
            made = asyncio.get_running_loop().create_task(_zipped_aside(content))
            seat_map.derived[name] = made
        return await asyncio.shield(cast("asyncio.Task[Body]", made))


def states_of(seat_map: SeatMap, changed: Collection[int] | None, now: int) -> States:
    """The states of the changed seats; None = of all."""
    count = len(seat_map.states)
    states = States(
        seat_map.map_id,
        position_to_text(seat_map.position),
        now,
        seat_map.channel_codes,
        *("", [], [], []),
    )
    if changed is None or len(changed) > count * ALL_SEATS_PART:
        states.states = seat_map.states.decode("ascii")
        states.channels, states.since = base64(seat_map.channels), base64(seat_map.since)
        states.until = list(seat_map.until.items())
        return states
    states.seats = seats = sorted(changed)
    states.states = bytes([seat_map.states[seat] for seat in seats]).decode("ascii")
    states.channels = [seat_map.channels[seat] for seat in seats]
    states.since = [seat_map.since[seat] for seat in seats]
    if seat_map.until:
        states.until = [(s, seat_map.until[s]) for s in seats if s in seat_map.until]
    return states


async def layout_json(seat_map: SeatMap, turns: Turns) -> bytes:
    """The layout of a map: each section with its rows, each row with the names and the tokens of
    its seats.
    """
    encode = msgspec.json.encode
    sections = []
    for section in seat_map.sections:
        rows = []
        for name, first, length in section.rows:
            seats = slice(first, first + length)
            rows.append(encode((name, seat_map.names[seats], seat_map.tokens[seats])))
            await turns.end()
        sections.append(b"[%b,[%b]]" % (encode(section.name), b",".join(rows)))
    return b'{"map":%b,"sections":[%b]}' % (encode(seat_map.map_id), b",".join(sections))


def base64(column: "array[int]") -> str:
    """A column of 32-bit numbers as text."""
    if sys.byteorder == "big":
        column = array("I", column)
        column.byteswap()
    return b64encode(column).decode("ascii")


def zipped(content: bytes) -> Body:
    """A body, compressed unless it is short."""
    if len(content) < ZIPPED_BYTES_MIN:
        return Body(content, is_zipped=False)
    return Body(gzip.compress(content, GZIP_LEVEL, mtime=0), is_zipped=True)


async def _zipped_aside(content: bytes) -> Body:
    return await asyncio.to_thread(zipped, content)


async def respond(context: RequestContext, body: Body) -> Response:
    """The response with a body, as the caller accepts it."""
    content, is_zipped = body
    headers = dict(HEADERS)
    if is_zipped and prefers_gzip(context.headers.get(b"accept-encoding")):
        headers["Content-Encoding"] = "gzip"
    elif is_zipped:
        content = await asyncio.to_thread(gzip.decompress, content)
    return Response(content, headers=headers, media_type="application/json")
