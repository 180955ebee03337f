"""`client.requests` and `client.events`: what became of a request, and what changed since."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from ..answers import read_as
from ..errors import InvalidArgument
from ..models import EventPage, TracedRequest, TracedRequests
from .caller import AsyncCaller
from .sender import Call

WAIT_SECONDS = 8
"""So long a request for events waits for one; the longest that the service takes."""

read_requests = read_as(TracedRequests)
read_page = read_as(EventPage)


class AsyncRequests:
    """Looks up this channel's own requests."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def get(self, request_id: str) -> list[TracedRequest]:
        """What was done under a Request-ID, the oldest first: more than one if it was sent more
        than once. Raises `NotFound` if the service has none: then it did not arrive, was not let
        in, or was pruned.
        """
        try:
            path = f"/v1/requests/{quote(request_id, safe='')}"
        except (TypeError, UnicodeError):
            raise InvalidArgument("request_id", "must be a str that can be sent") from None
        return (await self._caller.ask(Call("GET", path, read_requests))).requests


class AsyncEvents:
    """Reads the feed of changes on the tickets that this channel may see."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def read(
        self, after: str | None = None, *, limit: int | None = None, wait_seconds: int = 0
    ) -> EventPage:
        """Some events after a place: `next` of the page before; `latest`: from now on; None: from
        the oldest that is still there. Waits up to `wait_seconds` (8 at most) if there is none.

        Raises `Gone` if what follows was pruned, `Unprocessable` for a place of somewhere else.
        """
        query = {"wait": str(wait_seconds)}
        if after is not None:
            query["after"] = after
        if limit is not None:
            query["limit"] = str(limit)
        call = Call("GET", "/v1/events", read_page, query=query, wait_seconds=wait_seconds)
        return await self._caller.ask(call)

    async def follow(self, after: str | None = None) -> AsyncIterator[EventPage]:
        """Pages of events without end, each as soon as there is one, none of them empty.

        Keep each page's `next` together with what was made of its events: to go on from there.
        """
        while True:
            page = await self.read(after, wait_seconds=WAIT_SECONDS)
            after = page.next
            if page.events:
                yield page
