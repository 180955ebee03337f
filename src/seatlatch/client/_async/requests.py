"""`client.requests` and `client.events`: the channel's requests, and the feed of changes."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from ..answers import read_as
from ..errors import InvalidArgument
from ..models import EventPage, RequestPage, TracedRequest, TracedRequests
from .caller import AsyncCaller
from .sender import Call

WAIT_SECONDS = 8
"""How long a request for events waits for one; the longest that the service allows."""

read_requests = read_as(TracedRequests)
read_list = read_as(RequestPage)
read_page = read_as(EventPage)


class AsyncRequests:
    """Looks up and lists this channel's own requests."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def get(self, request_id: str) -> list[TracedRequest]:
        """The requests with a Request-ID, the oldest first; more than one if it was sent
        repeatedly.

        Raises `NotFound` if the service has none: the request did not arrive, had no valid
        credentials, or was pruned.
        """
        try:
            path = f"/v1/requests/{quote(request_id, safe='')}"
        except (TypeError, UnicodeError):
            raise InvalidArgument("request_id", "must be a str that can be sent") from None
        return (await self._caller.ask(Call("GET", path, read_requests))).requests

    async def read(
        self,
        after: str | None = None,
        *,
        status: int | None = None,
        verb: str | None = None,
        limit: int | None = None,
    ) -> RequestPage:
        """Read a page of requests, the newest first, after a cursor: the `next` of the page before.

        `status`: only those with this HTTP status; `verb`: `lock` or `unlock` only. Raises
        `Unprocessable` for another value, and for a cursor of a page with other filters.
        """
        given = {"after": after, "status": status, "type": verb, "limit": limit}
        query = {name: str(value) for name, value in given.items() if value is not None}
        return await self._caller.ask(Call("GET", "/v1/requests", read_list, query=query))


class AsyncEvents:
    """Reads the feed of changes to the tickets that this channel can see."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def read(
        self, after: str | None = None, *, limit: int | None = None, wait_seconds: int = 0
    ) -> EventPage:
        """Read a page of events after a cursor: the `next` of the page before; `latest` starts now;
        None starts at the oldest event. Waits up to `wait_seconds` (8 at most) if there is none.

        Raises `Gone` if the events after the cursor were pruned, `Unprocessable` for a cursor of
        another feed.
        """
        query = {"wait": str(wait_seconds)}
        if after is not None:
            query["after"] = after
        if limit is not None:
            query["limit"] = str(limit)
        call = Call("GET", "/v1/events", read_page, query=query, wait_seconds=wait_seconds)
        return await self._caller.ask(call)

    async def follow(self, after: str | None = None) -> AsyncIterator[EventPage]:
        """Yield pages of events without end, each as soon as it has events.

        Store each page's `next` together with the results of its events, to continue from there.
        """
        while True:
            page = await self.read(after, wait_seconds=WAIT_SECONDS)
            after = page.next
            if page.events:
                yield page
