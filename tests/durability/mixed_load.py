"""Clients that lock, unlock, hold and release over HTTP, and remember what was acknowledged."""

import asyncio
import json
import random
from collections.abc import Iterable, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from tests.serving import CHANNEL, OPERATOR_KEY, UNLOCK, raw_request, valid_headers

LOCK = "/v1/tickets/lock"
STATUS = "/operator/v1/tickets/status"
BATCHES = (1, 1, 2, 10)


class State(NamedTuple):
    """All that the four verbs write of a ticket; none of it = the ticket is open.

    `seller` is the last name; `ends` says whether a hold has an end.
    """

    mpreserve: int = 0
    mpreserve_channel: str | None = None
    listing_source: str | None = None
    external_listing_id: str | None = None
    total_price: str | None = None
    individual_price: str | None = None
    seller: str | None = None
    seat_status: str = "UNLOCK"
    hold_reason: str | None = None
    ends: bool = False


OPEN = State()
READ = """
SELECT token, mpreserve, mpreserve_channel, listing_source, external_listing_id, total_price,
       individual_price, seller ->> 'lastName', seat_status, hold_reason,
       hold_expires_at IS NOT NULL
FROM tickets
"""


def read_states(path: Path) -> dict[str, State]:
    """Every ticket as it stands in the database file."""
    with closing(apsw.Connection(str(path))) as connection:
        return {
            str(row[0]): State._make([*row[1:-1], bool(row[-1])])
            for row in connection.execute(READ)
        }


class Asked(NamedTuple):
    """A request: where it goes, what is in it, and what the tickets are to become."""

    target: str
    body: str
    state: State


def lock(tokens: Iterable[str], number: int) -> Asked:
    """A lock whose listing is like no other."""
    price = f"{number}.50"
    entries = ",".join(f'{{"token":"{token}","individualPrice":{price}}}' for token in tokens)
    body = f"""{{"source":"BROKER","seller":{{"lastName":"N{number}","firstName":"F"}},
        "listing":{{"externalListingId":"L{number}","totalPrice":{price},"tokens":[{entries}]}}}}"""
    state = State(1, CHANNEL, "BROKER", f"L{number}", price, price, f"N{number}")
    return Asked(LOCK, body, state)


def hold(tokens: Iterable[str], number: int) -> Asked:
    """A hold whose reason is like no other. Every other one has an end."""
    body: dict[str, Any] = {"tokens": tokens, "status": "LOCK", "reason": f"R{number}"}
    ends = number % 2 == 0
    if ends:
        body["expiresInSeconds"] = 600
    state = State(seat_status="LOCK", hold_reason=f"R{number}", ends=ends)
    return Asked(STATUS, json.dumps(body), state)


def unlock(tokens: Iterable[str], _number: int) -> Asked:
    """The end of a listing."""
    return Asked(UNLOCK, json.dumps({"tokens": tokens}), OPEN)


def release(tokens: Iterable[str], _number: int) -> Asked:
    """The end of a hold."""
    body = {"tokens": tokens, "status": "UNLOCK", "reason": "done"}
    return Asked(STATUS, json.dumps(body), OPEN)


def headers_for(asked: Asked) -> Mapping[str, str]:
    """A marketplace's headers, or an operator's."""
    headers = valid_headers()
    if asked.target == STATUS:
        headers = {
            "Authorization": f"Bearer {OPERATOR_KEY}",
            "Content-Type": "application/json",
        }
    return {**headers, "Content-Length": str(len(asked.body))}


class Client:
    """Works its own tickets. `model` is their state as acknowledged; what was asked for and not
    answered yet stands in `pending`, and may be so or not.
    """

    numbers = count(1)

    def __init__(self, tokens: Iterable[str], seed: int) -> None:
        self.model = dict.fromkeys(tokens, OPEN)
        self.pending: dict[str, State] = {}
        self.acknowledged = 0
        self._chance = random.Random(seed)

    async def work_until_killed(self, port: int, goal: int, enough: asyncio.Event) -> None:
        """Ask on and on until the server is gone; at `goal` answers it is `enough`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        goal += self.acknowledged
        try:
            while True:
                await self.change_once(reader, writer)
                if self.acknowledged >= goal:
                    enough.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            enough.set()
            writer.close()

    async def change_once(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ask for one change, and note whether it was acknowledged."""
        tokens, asked = self.next_change()
        self.pending |= dict.fromkeys(tokens, asked.state)
        writer.write(
            raw_request(headers_for(asked).items(), asked.body.encode(), target=asked.target)
        )
        status, answer = await read_answer(reader)
        if status == 503:  # it may be so or not, like what is never answered
            return
        assert status == 200, (asked, answer)
        assert [entry["token"] for entry in answer["success"]] == tokens
        self.model |= dict.fromkeys(tokens, asked.state)
        for token in tokens:
            del self.pending[token]
        self.acknowledged += 1

    def next_change(self) -> tuple[list[str], Asked]:
        """Some tickets of which all are listed, or held, or open, and what is to become of them."""
        settled = [token for token in self.model if token not in self.pending]
        first = self.model[self._chance.choice(settled)]
        kind = (first.mpreserve, first.seat_status)
        alike = [
            token
            for token in settled
            if (self.model[token].mpreserve, self.model[token].seat_status) == kind
        ]
        tokens = self._chance.sample(alike, min(len(alike), self._chance.choice(BATCHES)))
        if first.mpreserve:
            verb = self._chance.choice((unlock, unlock, lock))
        elif first.seat_status == "LOCK":
            verb = self._chance.choice((release, release, hold))
        else:
            verb = self._chance.choice((lock, hold))
        return tokens, verb(tokens, next(self.numbers))

    def settle(self, states: Mapping[str, State]) -> dict[str, State]:
        """Go on from what the database has; whatever in it is neither acknowledged nor asked."""
        wrong = {}
        for token, acknowledged in self.model.items():
            found = states[token]
            if found not in (acknowledged, self.pending.get(token, acknowledged)):
                wrong[token] = found
            self.model[token] = found
        self.pending.clear()
        return wrong


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """The status and the body of one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head.split(b" ", 2)[1]), json.loads(await reader.readexactly(length))
