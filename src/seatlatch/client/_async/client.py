"""The client: what it is made with, and where its calls are."""

from __future__ import annotations

from types import TracebackType

import httpx

from ..making import Timeout, base_url_of, check_headers, common_headers, key_headers
from ..retries import Retries
from ..tokens import NoStore, TokenPair, TokenStore
from .caller import AsyncCaller
from .requests import AsyncEvents, AsyncRequests
from .sender import AsyncSender
from .tickets import AsyncTickets
from .tokens import AsyncTokens


class AsyncClient:
    """Calls the ticket API of one service as one application.

    Use it as a context manager, or close it. Many may use it at once. With
    `access_token` alone it works until that ends; with `authorization_code` or `refresh_token`
    it gets and renews tokens by itself, and a `token_store` keeps them for the next process: a
    refresh token works once, so that whoever has none must be given a new code.
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
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """`base_url`: the service's address, with or without /v1. `user_agent`: your product and
        version, as in `MyApplication/1.0`. `timeout`: seconds for each step of a request, or
        httpx's own kind. `concurrency`: how many requests of one call are on their way at once.
        `http`: a client of httpx with proxies or certificates of yours, which stays yours to close.

        Raises `ValueError` for what can be in no request.
        """
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {concurrency}")
        common = common_headers(user_agent, application_id)
        keys = key_headers(api_key, channel_code)
        check_headers({**common, **keys, "Authorization": f"Bearer {access_token or 'none'}"})
        if http is not None and not isinstance(http, httpx.AsyncClient):
            raise TypeError(f"http must be an httpx.AsyncClient, not {http!r}")
        self._own = http is None
        self._http = http or httpx.AsyncClient(timeout=timeout)
        sender = AsyncSender(self._http, base_url_of(base_url), common, retries or Retries())
        given = TokenPair(access_token) if access_token is not None else None
        store = token_store or NoStore()
        tokens = AsyncTokens(sender, given, refresh_token, authorization_code, store)
        caller = AsyncCaller(sender, tokens, keys)
        self.tickets = AsyncTickets(caller, concurrency)
        self.requests = AsyncRequests(caller)
        self.events = AsyncEvents(caller)

    async def aclose(self) -> None:
        """Close its connections."""
        if self._own:
            await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()
