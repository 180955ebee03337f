"""`python -m bench.client`: compares the SDK with httpx, and measures many tickets in one call.

It uses one server on SQLite. httpx alone and the SDK alternate with the same sequential unlocks;
the figures are medians of the rounds. Then it makes one call with 10,000 tickets, and one with
1,000,000 tickets from a generator.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.measuring import RESULTS, machine
from bench.serving import ACCESS_TOKEN, API_KEY, APPLICATION, CHANNEL, add_caller, running_server
from seatlatch.client import AsyncClient, Client
from seatlatch.store.interface import Transaction
from seatlatch.store.tickets import NewTicket
from seatlatch.wiring import engine_of, with_store

SIZES = (1, 10, 100)
MANY = 10_000
CONCURRENCIES = (1, 2, 4, 8)
KEYS: dict[str, Any] = {
    "application_id": APPLICATION,
    "api_key": API_KEY,
    "channel_code": CHANNEL,
    "access_token": ACCESS_TOKEN,
}
HEADERS = {
    "User-Agent": "Bench/1.0",
    "Authorization": f"Bearer {ACCESS_TOKEN}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json",
    "PAC-Application-ID": APPLICATION,
    "PAC-API-Key": API_KEY,
    "PAC-Channel-Code": CHANNEL,
}

Unlock = Callable[[list[str]], object]


def main() -> None:
    """Measure, print the tables, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=300, help="calls a round")
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        url = make_inventory(folder, options.tickets)
        with running_server(url, folder) as server:
            address = f"http://127.0.0.1:{server.port}"
            figures = {
                "when": datetime.now(UTC).isoformat(timespec="seconds"),
                "machine": machine(),
                "rounds": options.rounds,
                "calls": options.calls,
                "sizes": costs(address, options.rounds, options.calls),
                "many": many(address, options.rounds),
                "all": everything(address, options.tickets),
            }
    show(figures)
    if not options.no_results:
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-client-sqlite.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")
        sys.stderr.write(f"Figures written to {file.relative_to(Path.cwd())}\n")


def make_inventory(folder: Path, tickets: int) -> str:
    """Create a database with tickets that the channel has locked, and return its URL."""
    url = f"sqlite:///{folder / 'inventory.db'}"
    engine_of(url).make_or_migrate("inventory")

    async def fill(transaction: Transaction) -> None:
        await add_caller(transaction)
        await transaction.tickets.add(
            NewTicket(token(number), "1001", "owner", mpreserve_channel=CHANNEL)
            for number in range(tickets)
        )

    with_store(url, lambda store: store.commit(fill))
    return url


def token(number: int) -> str:
    """A ticket's token."""
    return f"{number:011}"


def costs(address: str, rounds: int, calls: int) -> list[dict[str, Any]]:
    """Measure milliseconds a call for httpx alone and the SDK, on threads and on asyncio."""
    with (
        httpx.Client(base_url=address) as http,
        Client(address, **KEYS) as client,
        Progress(console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task("measuring", total=2 * len(SIZES) * rounds)

        def bare(tokens: list[str]) -> object:
            headers = {**HEADERS, "Request-ID": str(uuid4())}
            body = msgspec.json.encode({"tokens": tokens})
            response = http.put("/v1/tickets/unlock", content=body, headers=headers)
            return msgspec.json.decode(response.content)

        found = []
        for size in SIZES:
            clients: dict[str, Unlock] = {"httpx": bare, "sdk": client.tickets.unlock}
            times: dict[str, list[float]] = {name: [] for name in clients}
            for number in range(rounds):
                for name in clients if number % 2 else reversed(clients):
                    times[name].append(call_ms(clients[name], size, calls))
                progress.advance(task)
            found.append(summary("threads", size, times))
        for size in SIZES:
            found.append(asyncio.run(async_costs(address, size, rounds, calls)))
            progress.advance(task, rounds)
    return found


def call_ms(unlock: Unlock, size: int, calls: int) -> float:
    """Milliseconds a call, the mean of sequential calls."""
    tokens = [token(number) for number in range(size)]
    began = perf_counter()
    for _ in range(calls):
        unlock(tokens)
    return (perf_counter() - began) * 1000 / calls


async def async_costs(address: str, size: int, rounds: int, calls: int) -> dict[str, Any]:
    """Measure milliseconds a call on asyncio, with sequential calls too."""
    tokens = [token(number) for number in range(size)]
    times: dict[str, list[float]] = {"httpx": [], "sdk": []}
    async with httpx.AsyncClient(base_url=address) as http, AsyncClient(address, **KEYS) as client:
        for number in range(rounds):
            for name in times if number % 2 else reversed(times):
                began = perf_counter()
                for _ in range(calls):
                    if name == "sdk":
                        await client.tickets.unlock(tokens)
                    else:
                        headers = {**HEADERS, "Request-ID": str(uuid4())}
                        body = msgspec.json.encode({"tokens": tokens})
                        put = http.put("/v1/tickets/unlock", content=body, headers=headers)
                        msgspec.json.decode((await put).content)
                times[name].append((perf_counter() - began) * 1000 / calls)
    return summary("asyncio", size, times)


def summary(kind: str, size: int, times: dict[str, list[float]]) -> dict[str, Any]:
    """The medians of one request size."""
    more = [sdk - bare for sdk, bare in zip(times["sdk"], times["httpx"], strict=True)]
    ratios = [sdk / bare for sdk, bare in zip(times["sdk"], times["httpx"], strict=True)]
    return {
        "kind": kind,
        "tokens": size,
        "httpx_ms": round(median(times["httpx"]), 3),
        "sdk_ms": round(median(times["sdk"]), 3),
        "more_ms": round(median(more), 3),
        "ratio": round(median(ratios), 3),
    }


def many(address: str, rounds: int) -> list[dict[str, Any]]:
    """Measure seconds for 10,000 tickets in one call, by the number of concurrent requests."""
    tokens = [token(number) for number in range(MANY)]
    found = []
    for concurrency in CONCURRENCIES:
        times: dict[str, list[float]] = {"threads": [], "asyncio": []}
        for _ in range(rounds):
            with Client(address, concurrency=concurrency, **KEYS) as client:
                began = perf_counter()
                assert len(client.tickets.unlock(tokens).success) == MANY
                times["threads"].append(perf_counter() - began)
            times["asyncio"].append(asyncio.run(one_call(address, concurrency, tokens)))
        found += [
            {
                "kind": kind,
                "concurrency": concurrency,
                "seconds": round(median(taken), 3),
                "tickets_per_second": round(MANY / median(taken)),
            }
            for kind, taken in times.items()
        ]
    return found


async def one_call(address: str, concurrency: int, tokens: list[str]) -> float:
    """Seconds for one call with these tokens."""
    async with AsyncClient(address, concurrency=concurrency, **KEYS) as client:
        began = perf_counter()
        assert len((await client.tickets.unlock(tokens)).success) == MANY
        return perf_counter() - began


def everything(address: str, tickets: int) -> dict[str, Any]:
    """Measure one call of all tickets from a generator, and the growth of the peak memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Client(address, **KEYS) as client:
        began = perf_counter()
        result = client.tickets.unlock(token(number) for number in range(tickets))
        seconds = perf_counter() - began
    assert len(result.success) == tickets
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "tickets": tickets,
        "seconds": round(seconds, 1),
        "tickets_per_second": round(tickets / seconds),
        "mebibytes_more": round((most - before) / 1024),
    }


def show(figures: dict[str, Any]) -> None:
    """Print the tables."""
    console = Console(width=120)
    for name in ("sizes", "many"):
        rows = figures[name]
        table = Table(*rows[0], title=f"{figures['machine']}: {name}")
        for row in rows:
            table.add_row(*(str(value) for value in row.values()))
        console.print(table)
    console.print(figures["all"])


if __name__ == "__main__":
    main()
