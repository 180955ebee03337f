"""A connection that can be cut on purpose, which no ASGI application can do by itself."""

from collections.abc import Callable
from functools import partial
from typing import NoReturn

from starlette.requests import ClientDisconnect, Request
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from seatlatch.api.connection import GuardedConnection
from seatlatch.api.exchange import Exchange

_KEY = "seatlatch.sandbox.cut"


class CuttableConnection(GuardedConnection):
    """Tells each request how to cut it."""

    def on_headers_complete(self) -> None:
        """The request begins."""
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.scope[_KEY] = partial(self._cut, self.cycle)  # type: ignore[literal-required]

    def _cut(self, cycle: RequestResponseCycle) -> None:
        cycle.disconnected = True  # nobody waits for an answer any more
        self._socket.abort()


def cut(request: Request, because: str) -> NoReturn:
    """Cut the request's connection. To the frame it is one whose client went away; the log says
    that it was on purpose.
    """
    Exchange.of(request).reason = f"The connection is cut on purpose: {because} asks for it."
    end: Callable[[], None] = request.scope[_KEY]
    end()
    raise ClientDisconnect
