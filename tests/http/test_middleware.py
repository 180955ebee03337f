"""The middleware without a server: what becomes of a request that cannot be answered."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from seatlatch.http.middleware import RequestMiddleware
from seatlatch.http.router import Router
from seatlatch.http.routes import public_route
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.opening import NoDatabase

PATH = "/a"
SCOPE = {
    "type": "http",
    "method": "GET",
    "path": PATH,
    "raw_path": PATH.encode(),
    "query_string": b"",
    "root_path": "",
    "headers": [],
}


async def answer(_request: Request) -> Response:
    return Response(b"body")


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


@pytest.mark.parametrize("error", [asyncio.CancelledError(), RuntimeError("a bug")])
def test_a_request_is_counted_although_its_response_cannot_be_sent(error: BaseException) -> None:
    metrics = Metrics()
    log = make_log("json", "error")
    middleware = RequestMiddleware(
        Router([public_route(PATH, answer)]), committer=NoDatabase(), log=log, metrics=metrics
    )

    async def send(_message: Message) -> None:
        raise error

    with pytest.raises(type(error)):
        asyncio.run(middleware({**SCOPE}, receive, send))
    labels = {"route": PATH, "status": "200"}
    assert metrics.registry.get_sample_value("seatlatch_requests_total", labels) == 1
