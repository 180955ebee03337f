"""The small service of the benchmark makes the same changes and has the same responses as ours."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import httpx
import pytest

from bench.serving import NO_PEER, PEER_PYTHON, running_peer
from tests.conftest import EVERY_CASE
from tests.databases import Database, Databases
from tests.requirements import missing
from tests.serving import CHANNEL, LOCK, UNLOCK, Served, fill, serving, valid_headers


class Pair(NamedTuple):
    """Our service and the small one, each on a database with the same tickets."""

    ours: Served
    peer: httpx.Client
    peer_database: Database

    def put(self, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        """Send a request to both, and return the response that both have."""
        ours = self.ours.client.put(path, headers=valid_headers(), json=body)
        peer = self.peer.put(path, headers=valid_headers(), json=body)
        assert (peer.status_code, peer.json()) == (ours.status_code, ours.json())
        return peer.status_code, peer.json()


@pytest.fixture
def pair(databases: Databases) -> Iterator[Pair]:
    """Both services with a ticket for every case."""
    if not PEER_PYTHON.exists():
        missing(NO_PEER)
    one, other = databases.new(), databases.new()
    fill(one, EVERY_CASE)
    fill(other, EVERY_CASE)
    with (
        TemporaryDirectory() as folder,
        serving(one) as ours,
        running_peer(other.url, Path(folder)) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as peer,
    ):
        yield Pair(ours, peer, other)
    databases.drop(one)
    databases.drop(other)


def lock(*tokens: str) -> dict[str, Any]:
    """The body of a lock with a price for each ticket."""
    prices = [{"token": token, "individualPrice": 125.5} for token in tokens]
    listing = {"externalListingId": "L-1", "totalPrice": 251.0, "tokens": prices}
    return {"source": "MY_ACCOUNT", "listing": listing}


def test_every_outcome(pair: Pair) -> None:
    every = [ticket.token for ticket in EVERY_CASE]
    assert pair.put(UNLOCK, {"tokens": ["listed-1", "listed-2"]})[0] == 200
    assert pair.put(UNLOCK, {"tokens": ["listed-1", "not-listed", "listed-1"]})[0] == 200
    assert pair.put(LOCK, lock("listed-1", "not-listed"))[0] == 200
    assert pair.put(LOCK, lock("listed-1"))[0] == 200
    assert pair.put(UNLOCK, {"tokens": ["unknown", *every]})[0] == 207
    assert pair.put(LOCK, lock(*every, "unknown"))[0] == 207
    assert pair.put(UNLOCK, {"tokens": ["locked", "listed-elsewhere"]})[0] == 409
    assert pair.put(UNLOCK, {"tokens": ["locked", "unknown"]})[0] == 422
    assert pair.put(LOCK, lock("voided", "foreign"))[0] == 422


def test_the_same_rows(pair: Pair) -> None:
    pair.put(UNLOCK, {"tokens": ["listed-1"]})
    pair.put(LOCK, lock("not-listed"))
    assert pair.peer_database.rows() == pair.ours.database.rows()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Authorization": "Bearer another"}, 401),
        ({"PAC_API_Key": "another"}, 401),
        ({"PAC_Application_ID": "another"}, 401),
        ({"PAC_Channel_Code": f"{CHANNEL}-2"}, 403),
    ],
)
def test_credentials(pair: Pair, changes: dict[str, str], status: int) -> None:
    for client in (pair.ours.client, pair.peer):
        headers = valid_headers(**changes)
        response = client.put(UNLOCK, headers=headers, json={"tokens": ["listed-1"]})
        assert response.status_code == status


def test_too_many_tokens(pair: Pair) -> None:
    for client in (pair.ours.client, pair.peer):
        body = {"tokens": [str(number) for number in range(101)]}
        assert client.put(UNLOCK, headers=valid_headers(), json=body).status_code == 422
