"""`python -m bench.credentials --engine ...`: measures how a server learns of changed credentials.

A token is added to 100,000 others, and a server's copy of the credentials is confirmed until it has
the token: once by reading all credentials, and once by reading only what has changed. Both
alternate; the figures are the medians of the rounds. `added_ms` is the change itself.
"""

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from statistics import median
from time import monotonic, perf_counter, process_time
from typing import Any

import apsw
import psycopg
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.measuring import machine, made_engine, write_results
from bench.serving import APPLICATION
from seatlatch.auth.credentials_cache import CredentialsCache
from seatlatch.domain.application import Credentials
from seatlatch.store.interface import Store, Transaction
from seatlatch.wiring import engine_of
from tests.stores import Around, opened

FILL_POSTGRES = f"""
INSERT INTO seatlatch.access_tokens (application_id, token_hash)
SELECT '{APPLICATION}', sha256(gen_random_uuid()::text::bytea) FROM generate_series(1, %s) AS number
"""
FILL_SQLITE = f"""
WITH RECURSIVE numbers (number) AS (
  SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?)
INSERT INTO access_tokens (application_id, token_hash)
SELECT '{APPLICATION}', randomblob(32) FROM numbers
"""


class _ReadsAll(Around):
    """A store that always reads all credentials."""

    async def read_credentials(self, known: Credentials | None = None) -> Credentials:
        """Read them as if nothing were known."""
        return await super().read_credentials()


def main() -> None:
    """Measure, print the table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--tokens", type=int, nargs="+", default=(1_000, 100_000))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made,
        made_engine(options.engine, Path(made), tickets=10, workers=1) as engine,
    ):
        figures = measure(engine.url, engine.name, options)
    show(figures)
    if not options.no_results:
        write_results(f"credentials-{options.engine}", figures)


def measure(url: str, engine_name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure with each number of tokens."""
    rows, tokens = [], 0
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("measuring", total=len(options.tokens) * options.rounds)
        for wanted in sorted(options.tokens):
            fill(url, wanted - tokens)
            tokens = wanted
            with opened(engine_of(url).open_store("inventory", is_patient=False)) as store:
                caches = Caches(store.store)
                store.run(caches.start())
                rounds = []
                for number in range(options.rounds):
                    rounds.append(store.run(caches.measure(is_whole_first=number % 2 == 0)))
                    progress.advance(task)
            names = rounds[0]
            medians = {name: round(median(one[name] for one in rounds), 2) for name in names}
            rows.append({"tokens": tokens, **medians})
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "engine": engine_name,
        "rounds": options.rounds,
        "changes": rows,
    }


class Caches:
    """Two copies of the credentials: one that reads all of them, and one that reads changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._whole = CredentialsCache(_ReadsAll(store), monotonic)
        self._changes = CredentialsCache(store, monotonic)

    async def start(self) -> None:
        """Read both copies."""
        await self._whole.credentials()
        await self._changes.credentials()

    async def measure(self, *, is_whole_first: bool) -> dict[str, float]:
        """Add a token, and confirm both copies: milliseconds, and those of this process's CPU."""
        token_hash = token_bytes(32)

        async def add(transaction: Transaction) -> None:
            await transaction.access.add_access_token(APPLICATION, token_hash)

        began = perf_counter()
        await self._store.commit(add)
        figures = {"added_ms": (perf_counter() - began) * 1000}
        both = {"whole": self._whole, "changes": self._changes}
        for name in sorted(both, reverse=is_whole_first):
            began, cpu_began = perf_counter(), process_time()
            await both[name].refresh()
            figures[f"{name}_ms"] = (perf_counter() - began) * 1000
            figures[f"{name}_cpu_ms"] = (process_time() - cpu_began) * 1000
            assert token_hash in both[name].in_memory.access_tokens
        return dict(sorted(figures.items()))


def fill(url: str, tokens: int) -> None:
    """Add tokens; on PostgreSQL without its triggers, which take long in a large transaction."""
    if url.startswith("sqlite:///"):
        connection = apsw.Connection(url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA synchronous = off")
        connection.execute(FILL_SQLITE, (tokens,))
        connection.close()
    else:
        with psycopg.connect(url) as session:
            session.execute("SET session_replication_role = replica")
            session.execute(FILL_POSTGRES.encode(), (tokens,))


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    rows = figures["changes"]
    table = Table(*rows[0], title=f"{figures['machine']}, {figures['engine']}")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
