"""Callers that unlock through a proxy without a pause, and keep every status that they get."""

import threading
from collections import Counter
from types import TracebackType
from typing import Self

import httpx

from tests.deploy.proxied import Front
from tests.serving import UNLOCK, valid_headers
from tests.waiting import until

PAUSE_SECONDS = 0.02


class Calls:
    """Callers, each with a connection of its own, as long as the block lasts."""

    def __init__(self, front: Front, token: str, callers: int = 4) -> None:
        self.statuses: Counter[int | str] = Counter()
        self._front, self._token = front, token
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(callers)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, answers: int = 40) -> None:
        """Wait for this many more responses."""
        wanted = self.statuses.total() + answers
        until(lambda: self.statuses.total() >= wanted)

    def _call(self) -> None:
        with self._front.client() as client:
            while not self._over.wait(PAUSE_SECONDS):
                self.statuses[self._status(client)] += 1

    def _status(self, client: httpx.Client) -> int | str:
        body = {"tokens": [self._token]}
        try:
            return client.put(UNLOCK, headers=valid_headers(), json=body).status_code
        except httpx.TransportError as error:
            return repr(error)
