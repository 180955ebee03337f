# Made from ../_async by `make client`: change it there.
"""Keeps an httpx client for each event loop and process that uses a client."""

from __future__ import annotations

import logging
import os
from typing import NamedTuple

import httpx

from ..environment import Route
from ..errors import ClientNotUsable
from ..making import Timeout
from .ways import Closing, Owner, current_owner, has_ended

log = logging.getLogger(__name__.partition("._")[0])

CLOSED = "The client is closed. Make a new one."


class Connections:
    """Connections belong to the event loop and the process that opened them: another loop cannot
    wait for them, and two processes would read each other's responses. So each has its own.
    """

    def __init__(self, route: Route, timeout: Timeout) -> None:
        """Raises `InvalidEnvironment`."""
        self._route = route
        self._timeout = timeout
        self.proxy_variable = route.proxy.variable if route.proxy else None
        self._unused = [self._make()]
        self._opened: dict[Owner, Opened] = {}
        self._inherited: list[Opened] = []
        self._is_closed = False

    def http(self) -> httpx.Client:
        """The httpx client for the running event loop and process. Raises `ClientNotUsable`."""
        if self._is_closed:
            raise ClientNotUsable(CLOSED)
        owner = current_owner()
        opened = self._opened.get(owner)
        if opened is None:
            opened = self._open(owner)
        return opened.http

    def close(self) -> None:
        """Close the connections of the running event loop and process. Never raises: nothing can
        be done about a connection that does not close.
        """
        self._is_closed = True
        self._unused.clear()
        opened = self._opened.pop(current_owner(), None)
        if opened is not None:
            opened.until_closed.close()
        self._leave_others(current_owner())

    def _open(self, owner: Owner) -> Opened:
        self._leave_others(owner)
        try:
            http = self._unused.pop()
        except IndexError:
            http = self._make()
        mine = Opened(http, until_closed(http, os.getpid()))
        next(mine.until_closed)
        # If two threads get here at once, one of them loses the race.
        kept = self._opened.setdefault(owner, mine)
        if kept is not mine:
            mine.until_closed.close()
        return kept

    def _leave_others(self, owner: Owner) -> None:
        """Drop the connections of ended event loops. Connections of a parent process stay
        untouched: to close them here could disturb the parent.
        """
        for other in list(self._opened):
            if other.process_id != owner.process_id:
                self._inherited.append(self._opened.pop(other))
            elif has_ended(other):
                self._opened.pop(other, None)

    def _make(self) -> httpx.Client:
        proxy = self._route.proxy
        try:
            return httpx.Client(
                timeout=self._timeout,
                verify=self._route.trusted,
                proxy=proxy.proxy if proxy is not None else None,
                trust_env=False,  # `route` has the environment's proxy and certificates
            )
        except (ImportError, ValueError) as error:
            if proxy is None:
                raise
            raise proxy.unusable(error) from error


class GivenConnections:
    """Uses an httpx client that the caller passed as `http`, in one event loop and process."""

    proxy_variable = None

    def __init__(self, given: httpx.Client) -> None:
        self._given = given
        self._owner: Owner | None = None
        self._is_closed = False

    def http(self) -> httpx.Client:
        """The httpx client.

        Raises `ClientNotUsable`, also in another event loop or process than the first one: the
        client cannot make another httpx client with the caller's settings.
        """
        if self._is_closed:
            raise ClientNotUsable(CLOSED)
        if self._given.is_closed:
            raise ClientNotUsable("The httpx client that was passed as http is closed.")
        owner = current_owner()
        if self._owner is None:
            self._owner = owner
        if self._owner == owner:
            return self._given
        if self._owner.process_id != owner.process_id:
            reason = "was used before this process was forked"
        else:
            reason = "was used in another event loop"
        raise ClientNotUsable(
            f"The httpx client that was passed as http {reason}, and its connections cannot be"
            " shared. Make a client here, or leave http out."
        )

    def close(self) -> None:
        """Refuse new calls. The httpx client stays open: the caller closes it."""
        self._is_closed = True


class Opened(NamedTuple):
    """An open httpx client, and the generator that closes it."""

    http: httpx.Client
    until_closed: Closing


def until_closed(http: httpx.Client, process_id: int) -> Closing:
    """Waits to be closed, and then closes `http`. Unlike `http` itself, `asyncio.run` closes a
    generator before it closes the event loop, so no connection outlives its loop.
    """
    try:
        yield
    finally:
        if os.getpid() == process_id:
            try:
                http.close()
            except Exception:
                log.debug("A connection could not be closed.", exc_info=True)
