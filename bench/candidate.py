"""Runs the service on one of the HTTP servers that were considered, in one process.

`bench.candidates` starts it as `python -m bench.candidate serve`, with the server's name in
BENCH_CANDIDATE. Install the other servers first: `pip install granian uvicorn`.
"""

import asyncio
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from seatlatch.http.acceptor import listen
from seatlatch.http.server import Application, Server, url_of
from seatlatch.logs import Log, make_log
from seatlatch.metrics import Metrics
from seatlatch.settings import read_settings
from seatlatch.wiring import open_app

CANDIDATE = "BENCH_CANDIDATE"


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings(os.environ)
    log, metrics = make_log(settings.log_format, settings.log_level), Metrics()
    app = open_app(settings, log, metrics)
    CANDIDATES[os.environ.get(CANDIDATE, "seatlatch")](app, log, metrics)


def ours(app: Application, log: Log, metrics: Metrics) -> None:
    """The server of this project."""
    listener = listen("127.0.0.1", 0)
    Server(app, log, metrics).run(listener, lambda: print_url(url_of(listener)))


def by_uvicorn(app: Application, _log: Log, _metrics: Metrics) -> None:
    """uvicorn, unchanged, on httptools and uvloop."""
    uvicorn: Any = importlib.import_module("uvicorn")
    listener = listen("127.0.0.1", 0)
    asgi = with_lifespan(app, lambda: print_url(url_of(listener)))
    config = uvicorn.Config(asgi, log_config=None, access_log=False, timeout_graceful_shutdown=10)
    uvicorn.Server(config).run(sockets=[listener])


def by_granian(app: Application, _log: Log, _metrics: Metrics) -> None:
    """granian's embedded server, with ASGI, single-threaded."""
    embed: Any = importlib.import_module("granian.server.embed")
    listener = listen("127.0.0.1", 0)
    url, port = url_of(listener), listener.getsockname()[1]
    listener.close()
    asgi = with_lifespan(app, lambda: print_url(url))
    server = embed.Server(asgi, port=port, interface="asgi", log_enabled=False)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(15, server.stop)
        await server.serve()

    uvloop.run(serve())


CANDIDATES: dict[str, Callable[[Application, Log, Metrics], None]] = {
    "seatlatch": ours,
    "uvicorn": by_uvicorn,
    "granian": by_granian,
}


def with_lifespan(app: Application, started: Callable[[], None]) -> ASGIApp:
    """The application with its start and stop as ASGI lifespan events."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app.handle(scope, receive, send)
            return
        await receive()
        async with app.lifespan():
            await send({"type": "lifespan.startup.complete"})
            started()
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return asgi


def print_url(url: str) -> None:
    """Print the URL of the running server."""
    sys.stdout.write(json.dumps({"url": url}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
