"""A reverse proxy that publishes a server below a path and removes the path from requests."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seatlatch.http.server import Application
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from tests.serving import served_by
from tests.web import TLS

NOT_PASSED_ON = frozenset({"connection", "content-length", "host", "transfer-encoding"})


@asynccontextmanager
async def nothing_beside() -> AsyncIterator[None]:
    """A lifespan without background tasks."""
    yield


@contextmanager
def proxy_below(prefix: str, upstream: str) -> Iterator[str]:
    """Run the proxy; its URL, `prefix` included. Everything outside of `prefix` is 404."""

    async def forward(request: Request) -> Response:
        body = await request.body()
        headers = [pair for pair in request.headers.items() if pair[0] not in NOT_PASSED_ON]
        path = request.url.path.removeprefix(prefix)
        async with (
            httpx.AsyncClient(base_url=upstream, timeout=10, trust_env=False, verify=TLS) as client,
            client.stream(request.method, path, headers=headers, content=body) as response,
        ):
            received = b"".join([piece async for piece in response.aiter_raw()])
        passed_on = {
            name: value for name, value in response.headers.items() if name not in NOT_PASSED_ON
        }
        return Response(received, response.status_code, passed_on)

    route = Route(f"{prefix}/{{path:path}}", forward, methods=["GET", "PUT", "POST"])
    app = Application(Starlette(routes=[route]), nothing_beside)
    with served_by(app, make_log("json", "error"), Metrics()) as port:
        yield f"http://127.0.0.1:{port}{prefix}"
