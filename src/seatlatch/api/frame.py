"""The frame around every request: what each answer carries, and what is told of it.

The one place where a refusal or a bug becomes an answer, where the common headers and gzip are
put on, and where the log line and the metrics are written.
"""

import asyncio
import gzip
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, ClassVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seatlatch.api.client_address import Network, client_address
from seatlatch.api.exchange import Exchange
from seatlatch.api.media import prefers_gzip
from seatlatch.api.problems import (
    INTERNAL_ERROR,
    Problem,
    error_headers,
    error_json,
    plain_error_json,
    problem_of,
)
from seatlatch.api.refusals import MethodNotAllowed
from seatlatch.api.routes import ApiRoute
from seatlatch.commit import Commits
from seatlatch.domain.journal import Act
from seatlatch.domain.refusal import JournalDamaged, RateExceeded, Refusal, Unavailable
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.record_refusal import record_refusal

GZIP_BYTES_MIN = 500
GZIP_LEVEL = 4
"""Answers are short and repeat themselves: higher levels make them hardly smaller."""

CLIENT_WENT_AWAY = 499
"""In log and metrics only: the client closed before its request was whole."""

JSON = "application/json"


class PlainRoute(ApiRoute):
    """A route whose errors, of whatever kind, are `{"error": "<text>"}`. Nobody may keep what it
    answers: its handler puts `HEADERS` on what succeeds, the frame on all else.
    """

    HEADERS: ClassVar[Mapping[str, str]] = {"Cache-Control": "no-store"}


class Frame:
    """ASGI middleware. `routes`: by endpoint; a route's path is its name in log and metrics."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        commits: Commits,
        log: Log,
        metrics: Metrics,
        routes: Mapping[Any, ApiRoute],
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        self._app = app
        self._commits = commits
        self._log = log
        self._metrics = metrics
        self._routes = routes
        self._trusted_proxies = trusted_proxies
        self._alarm = JournalAlarm(log, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Frame one request."""
        exchange = Exchange(scope)
        peer = scope["client"][0] if scope.get("client") else None
        exchange.client_address = client_address(peer, scope["headers"], self._trusted_proxies)
        answer = _Answer(exchange, send)
        scope["app"] = self  # tells the router to raise what it refuses
        try:
            await self._app(scope, receive, answer.send)
        except HTTPException:  # the router knows the path, but not for this method
            response = self._other_method(exchange, scope)
            await response(scope, receive, answer.send)
        except Refusal as refused:
            await self._write_down(refused, exchange)
            await self._refuse(refused, exchange, scope)(scope, receive, answer.send)
        except asyncio.CancelledError:
            refusal = Unavailable("The service is stopping. Send the request again.")
            await self._refuse(refusal, exchange, scope)(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = CLIENT_WENT_AWAY
        except Exception:
            self._log.exception("bug", requestId=exchange.request_id)
            message = "An error on our side. It is logged under this Request-ID."
            response = self._error(INTERNAL_ERROR, message, {}, scope)
            await response(scope, receive, answer.send)
        self._tell(scope, exchange, answer.status)

    async def _write_down(self, refusal: Refusal, exchange: Exchange) -> None:
        """Tell the journal of a refusal to somebody who was let in.

        What is over the rate is counted and logged only: who is told to wait must not cost a write.
        The answer is given also if it can't be written down.
        """
        asker, verb = exchange.asker, exchange.verb
        known = asker.application_id is not None or asker.operator is not None
        if verb is None or not known or isinstance(refusal, RateExceeded | Unavailable):
            return
        why = f"{problem_of(refusal).type}: {refusal.message}"
        try:
            await record_refusal(self._commits, Act(verb, asker, exchange.reason), why)
        except Unavailable:
            return
        except Exception:
            self._log.exception("bug", requestId=exchange.request_id)

    def _other_method(self, exchange: Exchange, scope: Scope) -> Response:
        """The response to a method that the path has no handler for: 204 to OPTIONS, else 405."""
        allow = allowed_methods(scope)
        if scope["method"] == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allow})
        refusal = MethodNotAllowed(f"This path takes {allow}.", allow=allow)
        return self._refuse(refusal, exchange, scope)

    def _refuse(self, refusal: Refusal, exchange: Exchange, scope: Scope) -> Response:
        """The answer that tells a refusal, noted for the log."""
        exchange.reason = reason(refusal)
        if isinstance(refusal, JournalDamaged):
            self._alarm.heads([refusal.message])
        return self._error(problem_of(refusal), refusal.message, error_headers(refusal), scope)

    def _error(
        self, problem: Problem, message: str, headers: Mapping[str, str], scope: Scope
    ) -> Response:
        """An error in the form of the route that was asked, if there is one."""
        if isinstance(self._routes.get(scope.get("endpoint")), PlainRoute):
            body, headers = plain_error_json(message), {**headers, **PlainRoute.HEADERS}
        else:
            body = error_json(problem, message)
        return Response(body, problem.status, headers, JSON)

    def _tell(self, scope: Scope, exchange: Exchange, status: int) -> None:
        seconds = perf_counter() - exchange.started
        found = self._routes.get(scope.get("endpoint"))
        route = found.path if found else "unknown"
        self._metrics.request_answered(route, status, seconds)
        if exchange.failed or status >= 400:
            tell = self._log.error
        elif exchange.application_id is None and exchange.operator is None:
            tell = self._log.debug
        else:
            tell = self._log.info
        tell(
            "request",
            requestId=exchange.request_id,
            application=exchange.application_id,
            channel=exchange.channel_code,
            operator=exchange.operator,
            clientAddress=exchange.client_address,
            method=scope["method"],
            route=route,
            status=status,
            succeeded=exchange.succeeded,
            failed=exchange.failed,
            reason=exchange.reason,
            milliseconds=round(seconds * 1000, 3),
        )


def reason(refusal: Refusal) -> str:
    """What the log says of a refusal: what the caller was told, and what it came from."""
    cause = refusal.__cause__
    return refusal.message if cause is None else f"{refusal.message} ({cause!r})"


def allowed_methods(scope: Scope) -> str:
    """The methods that a path has handlers for, as the header Allow lists them.

    Several routes may share one path; the router would name the methods of the first alone.
    """
    at_path = [
        route for route in scope["router"].routes if route.matches(scope)[0] is Match.PARTIAL
    ]
    return ", ".join(sorted({method for route in at_path for method in route.methods}))


class _Answer:
    """Puts the common headers on an answer, and gzip if it is wanted and worth it.

    Our answers are one message of body. One of several would go out as it is.
    """

    __slots__ = ("_exchange", "_send", "_start", "status")

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send
        self._start: Message = {}
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            self.status = message["status"]
            return
        if self._start:
            start, self._start = self._start, {}
            self._dress(start, message)
            await self._send(start)
        await self._send(message)

    def _dress(self, start: Message, message: Message) -> None:
        headers: list[tuple[bytes, bytes]] = start["headers"]
        asked = self._exchange.headers
        headers.append((b"request-id", self._exchange.request_id.encode()))
        headers.append((b"vary", b"Accept-Encoding"))
        headers.extend(self._exchange.more_headers)
        body: bytes = message["body"]
        whole = not message.get("more_body", False)
        if (
            whole
            and len(body) >= GZIP_BYTES_MIN
            and prefers_gzip(asked.get(b"accept-encoding"))
            and not any(name == b"content-encoding" for name, _ in headers)
        ):
            message["body"] = gzip.compress(body, GZIP_LEVEL, mtime=0)
            length = str(len(message["body"])).encode()
            headers[:] = [header for header in headers if header[0] != b"content-length"]
            headers += [(b"content-encoding", b"gzip"), (b"content-length", length)]
        if asked.has(b"expect") and not self._exchange.body_was_read:
            headers.append((b"connection", b"close"))
