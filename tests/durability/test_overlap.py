"""64 clients on overlapping tokens: each is answered rightly, each ticket is unlocked once."""

import asyncio
import json
import random

from tests.databases import Database
from tests.serving import (
    OTHER_ACCESS_TOKEN,
    OTHER_API_KEY,
    OTHER_APPLICATION,
    OTHER_CHANNEL,
    fill,
    listed,
    raw_request,
    serving,
    valid_headers,
)

CLIENTS = 64
TICKETS = 60
REQUESTS = 30
THEIRS = {
    "pac_application_id": OTHER_APPLICATION,
    "pac_api_key": OTHER_API_KEY,
    "pac_channel_code": OTHER_CHANNEL,
    "authorization": f"Bearer {OTHER_ACCESS_TOKEN}",
}


def test_64_clients_on_overlapping_tokens(database: Database) -> None:
    mine = [f"mine-{number}" for number in range(TICKETS)]
    theirs = [f"theirs-{number}" for number in range(TICKETS)]
    fill(database, [*map(listed, mine), *(listed(token, OTHER_CHANNEL) for token in theirs)])
    seed = random.randrange(10**6)
    with serving(database) as served:
        asyncio.run(all_clients(served.port, [*mine, *theirs], seed))
    assert not any(database.mpreserve_of().values()), f"seed {seed}"
    revisions = database.execute("SELECT DISTINCT revision FROM tickets")
    assert revisions == [(2,)], f"seed {seed}: a ticket was not changed exactly once"


async def all_clients(port: int, tokens: list[str], seed: int) -> None:
    await asyncio.gather(
        *(client(port, tokens, number, random.Random(seed + number)) for number in range(CLIENTS))
    )


async def client(port: int, tokens: list[str], number: int, chance: random.Random) -> None:
    """Half of the clients speak for one channel, half for the other; both ask for all."""
    own = "mine" if number % 2 else "theirs"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    settled: set[str] = set()
    for turn in range(REQUESTS):
        batch = chance.sample(tokens, 30) if turn else chance.sample(tokens, 100)
        body = json.dumps({"tokens": batch}).encode()
        headers = valid_headers(**({} if number % 2 else THEIRS))
        headers["Content-Length"] = str(len(body))
        writer.write(raw_request(headers.items(), body))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = json.loads(await reader.readexactly(length))
        done = [entry["token"] for entry in answer.get("success", ())]
        failed = [entry["token"] for entry in answer.get("failure", ())]
        assert sorted(done + failed) == sorted(batch)
        assert not any(token.startswith(own) for token in failed), "one's own never fails"
        assert settled.isdisjoint(failed), "what was unlocked stays unlocked"
        settled.update(done)
    writer.close()
    await writer.wait_closed()
