# Made from ../_async by `make client`: change it there.
"""The client: what it is made with, and where its calls are."""

from __future__ import annotations

from types import TracebackType

import httpx

from ..making import Timeout, base_url_of, check_headers, common_headers, key_headers
from ..retries import Retries
from ..tokens import NoStore, TokenPair, TokenStore
from .caller import Caller
from .requests import Events, Requests
from .sender import Sender
from .tickets import Tickets
from .tokens import Tokens


class Client:
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
        http: httpx.Client | None = None,
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
        if http is not None and not isinstance(http, httpx.Client):
            raise TypeError(f"http must be an httpx.AsyncClient, not {http!r}")
        self._own = http is None
        self._http = http or httpx.Client(timeout=timeout)
        sender = Sender(self._http, base_url_of(base_url), common, retries or Retries())
        given = TokenPair(access_token) if access_token is not None else None
        store = token_store or NoStore()
        tokens = Tokens(sender, given, refresh_token, authorization_code, store)
        caller = Caller(sender, tokens, keys)
        self.tickets = Tickets(caller, concurrency)
        self.requests = Requests(caller)
        self.events = Events(caller)

    def close(self) -> None:
        """Close its connections."""
        if self._own:
            self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()
