"""SIGTERM under load: what was accepted is answered, soon, and the process ends well."""

import asyncio
import json
import signal
from time import monotonic

from tests.databases import Database
from tests.durability.killed_inventory import start_server
from tests.serving import fill, listed, raw_request, valid_headers

CLIENTS = 16


def test_sigterm_answers_what_was_accepted(database: Database) -> None:
    fill(database, (listed(f"{c}-{n}") for c in range(CLIENTS) for n in range(3000)))
    process = start_server(database.url)
    assert process.stdout is not None
    port = int(json.loads(process.stdout.readline())["url"].rpartition(":")[2])

    async def load() -> list[list[str]]:
        stopping = asyncio.Event()
        clients = [asyncio.create_task(client(port, c, stopping)) for c in range(CLIENTS)]
        await stopping.wait()
        process.send_signal(signal.SIGTERM)
        return await asyncio.gather(*clients)

    started = monotonic()
    acknowledged = {token for tokens in asyncio.run(load()) for token in tokens}
    assert process.wait(timeout=10) == 0
    assert monotonic() - started < 10
    process.stdout.close()
    mpreserve = database.mpreserve_of()
    unlocked = {token for token, listed in mpreserve.items() if not listed}
    assert acknowledged == unlocked, "an accepted request was answered, and nothing else was done"


async def client(port: int, number: int, stopping: asyncio.Event) -> list[str]:
    """Unlock one by one until the server closes; what was acknowledged.

    A request that got no answer must not have been accepted: it met a closed connection.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    acknowledged: list[str] = []
    for turn in range(3000):
        body = json.dumps({"tokens": [f"{number}-{turn}"]}).encode()
        headers = {**valid_headers(), "Content-Length": str(len(body))}
        try:
            writer.write(raw_request(headers.items(), body))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            break
        assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 503")), head
        if head.startswith(b"HTTP/1.1 200"):
            acknowledged.append(f"{number}-{turn}")
        if turn == 50:
            stopping.set()
    writer.close()
    return acknowledged
