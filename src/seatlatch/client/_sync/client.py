# Made from ../_async by `make client`: change it there.
"""The client: its arguments and its calls."""

from __future__ import annotations

from types import TracebackType

import httpx

from ..arguments import check_credentials, check_http, check_positive, check_timeout
from ..environment import route_to
from ..making import Limits, Timeout, base_url_of, common_headers, key_headers
from ..retries import Retries
from ..tokens import NoStore, TokenPair, TokenStore
from .caller import Caller
from .connections import Connections, GivenConnections
from .requests import Events, Requests
from .sender import Sender
from .tickets import Tickets
from .tokens import Tokens


class Client:
    """Calls the ticket API of one service as one application.

    Use it as a context manager, or close it. Several threads or tasks may use it at once. It also
    works in another event loop and after a fork: it then opens new connections there. With
    `access_token` alone it works until that token expires. With `authorization_code` or
    `refresh_token` it gets and renews tokens by itself, and a `token_store` keeps them for the next
    process: a refresh token works once, so a process without a stored one needs a new code.
    """

    def __init__(
        self,
        base_url: str,
        *,
        application_id: str,
        api_key: str,
        channel_code: str,
        access_token: str | None = None,
        authorization_code: str | None = None,
        refresh_token: str | None = None,
        token_store: TokenStore | None = None,
        user_agent: str | None = None,
        timeout: Timeout = 30.0,
        retries: Retries | None = None,
        concurrency: int = 4,
        max_attempt_seconds: float = 120.0,
        max_response_bytes: int = 16_777_216,
        http: httpx.Client | None = None,
    ) -> None:
        """`base_url`: the service's address, with or without /v1. `user_agent`: your product and
        version, such as `MyApplication/1.0`. `timeout`: seconds for each step of a request, or an
        `httpx.Timeout`. `concurrency`: how many requests of one call are sent at once.
        `max_attempt_seconds`: the limit of one attempt, from the connection to the response's last
        byte. `Client` checks it when the response's headers are complete and with each part of the
        body, so a server that sends headers slowly can delay it; `AsyncClient` has no such delay.
        `max_response_bytes`: the limit of a response, uncompressed. `http`: an httpx client with
        your proxies or certificates, which you close yourself.

        Raises `InvalidArgument`, also for a value that no request can hold, and
        `InvalidEnvironment` for a proxy or certificates that cannot be used.
        """
        check_credentials(
            {"application_id": application_id, "api_key": api_key, "channel_code": channel_code},
            {
                "access_token": access_token,
                "authorization_code": authorization_code,
                "refresh_token": refresh_token,
                "user_agent": user_agent,
            },
        )
        check_positive("concurrency", concurrency, whole=True)
        check_positive("max_attempt_seconds", max_attempt_seconds)
        check_positive("max_response_bytes", max_response_bytes, whole=True)
        check_timeout(timeout)
        check_http(http, httpx.Client)
        url = base_url_of(base_url)
        self._connections: Connections | GivenConnections
        if http is None:
            self._connections = Connections(route_to(url), timeout)
        else:
            self._connections = GivenConnections(http)
        common = common_headers(user_agent, application_id)
        limits = Limits(max_attempt_seconds, max_response_bytes)
        sender = Sender(self._connections, url, common, retries or Retries(), limits)
        given = TokenPair(access_token) if access_token is not None else None
        store = token_store or NoStore()
        tokens = Tokens(sender, given, refresh_token, authorization_code, store)
        caller = Caller(sender, tokens, key_headers(api_key, channel_code))
        self.tickets = Tickets(caller, concurrency)
        self.requests = Requests(caller)
        self.events = Events(caller)

    def close(self) -> None:
        """Close the connections. An `http` argument stays open."""
        self._connections.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()
