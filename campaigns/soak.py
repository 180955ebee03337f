"""A constant load for hours on a server of its own, while its memory and descriptors are sampled.

`python -m campaigns.soak sqlite` runs one sitting of 8 hours, or of as many `--minutes` as given.
It records a line each minute. `--control` runs a server that leaks.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from bench.serving import Processes, Server, children, running_server
from campaigns.catalog import CATALOG
from campaigns.keeper import program
from campaigns.results import FOLDER, alone, append_result, file_of, found, next_seed, read_results
from campaigns.soak_load import Load
from campaigns.soak_samples import Sample, failures_of
from seatlatch.commit import CommitEach
from seatlatch.operations.write_webhooks import add_webhook
from seatlatch.store.tickets import NewTicket
from tests.databases import ENGINES, Database, EngineName
from tests.durability.callers import states_of
from tests.journals import disagreements
from tests.operations.changes import ACTOR
from tests.postgres import DURABLE, PostgresServer
from tests.postgres_database import PostgresMaker
from tests.serving import CHANNEL, ORGANIZATION, OWNER, fill
from tests.sqlite_database import SqliteDatabase
from tests.stores import opened
from tests.webhooks.receivers import Receiver, receiving

TOKENS = [f"ticket-{number:04}" for number in range(2_000)]
WORKERS: dict[EngineName, int] = {"sqlite": 1, "postgres": 2}
SETTINGS = {"SEATLATCH_WEBHOOK_ADDRESSES": "loopback", "SEATLATCH_LOG_LEVEL": "error"}
SAMPLE_SECONDS = 60.0
CONTROL_SAMPLE_SECONDS = 4.0
CONTROL_SAMPLES = 48


@contextmanager
def made_database(engine: EngineName, folder: Path) -> Iterator[Database]:
    """An inventory on the disk."""
    tickets = [NewTicket(token, ORGANIZATION, OWNER) for token in TOKENS]
    if engine == "sqlite":
        database = SqliteDatabase.made(folder / "inventory.db")
        fill(database, tickets)
        yield database
        return
    server = PostgresServer(DURABLE)
    try:
        server.start()
        made = PostgresMaker(server.url, "WAL_LOG").migrated("inventory")
        fill(made, tickets)
        yield made
        made.drop()
    finally:
        server.close()


def add_receiver(database: Database, receiver: Receiver) -> None:
    """Have all changes delivered to a receiver."""
    with opened(database.store()) as store:
        adding = add_webhook(
            CommitEach(store.store), ACTOR, receiver.url, CHANNEL, own_changes=True
        )
        store.run(adding)


def sample(processes: Processes) -> Sample:
    """The memory and the descriptors of each process of a server."""
    pids = [processes.pid, *children(processes.pid)]
    return Sample(
        [_resident_kibibytes(pid) for pid in pids],
        [len(os.listdir(f"/proc/{pid}/fd")) for pid in pids],  # noqa: PTH208 - only the number
    )


def _resident_kibibytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


class Sitting:
    """One sitting. Each sample is a line of the results."""

    def __init__(self, engine: EngineName, file: Path, samples: int, *, is_control: bool) -> None:
        self.engine = engine
        self.file = file
        self.samples = samples
        self.is_control = is_control
        self.seed = next_seed(read_results(file), control=is_control)
        self.began = datetime.now(UTC).isoformat(timespec="seconds")
        self.taken: list[Sample] = []

    def run(self) -> list[str]:
        """Run it to its end; what is wrong in the database."""
        with (
            tempfile.TemporaryDirectory() as name,
            made_database(self.engine, Path(name)) as database,
        ):
            load = asyncio.run(self._serve(database, Path(name)))
            wrong: list[str] = []
            states = states_of(database.rows())
            for client in load.clients:
                wrong += [f"{token} is {state}" for token, state in client.settle(states).items()]
            wrong += disagreements(database)
        return wrong

    async def _serve(self, database: Database, folder: Path) -> Load:
        load = Load(TOKENS, self.seed)
        module = "campaigns.leaking" if self.is_control else "seatlatch"
        async with receiving() as receiver:
            await asyncio.to_thread(add_receiver, database, receiver)
            workers = WORKERS[self.engine]
            with running_server(database.url, folder, workers, module, SETTINGS) as server:
                loading = asyncio.create_task(load.run(server.port, receiver))
                try:
                    await self._watch(server, load, loading)
                finally:
                    load.end()
                    await loading
        return load

    async def _watch(self, server: Server, load: Load, loading: asyncio.Task[None]) -> None:
        seconds = CONTROL_SAMPLE_SECONDS if self.is_control else SAMPLE_SECONDS
        began, failures = monotonic(), 0
        for number in range(1, self.samples + 1):
            await asyncio.wait([loading], timeout=began + number * seconds - monotonic())
            if loading.done():
                await loading  # raises its error
            self.taken.append(sample(server.processes))
            if not self.is_control:
                self._record(load, load.failures[failures:])
                failures = len(load.failures)
            say(f"{self.file.stem}: {number}/{self.samples} samples, {self.taken[-1]}")

    def _record(self, load: Load, failures: Sequence[str]) -> None:
        append_result(
            self.file,
            seed=self.seed,
            count=1,
            failures=failures[:5],
            more={
                "sitting": self.began,
                "resident_kibibytes": self.taken[-1].resident_kibibytes,
                "descriptors": self.taken[-1].descriptors,
                "done": dict(sorted(load.counts.items())),
            },
        )


def run_control(engine: EngineName, file: Path) -> bool:
    """Whether a leak is found."""
    sitting = Sitting(engine, file, CONTROL_SAMPLES, is_control=True)
    sitting.run()
    seen = failures_of(sitting.taken)
    is_seen = any("memory" in one for one in seen) and any("descriptors" in one for one in seen)
    append_result(
        file,
        seed=sitting.seed,
        count=int(is_seen),
        failures=[] if is_seen else [f"the leak was not found, only {seen}"],
        control=True,
    )
    return is_seen


def run_sitting(engine: EngineName, file: Path, minutes: int) -> bool:
    """Whether a sitting came to its end without a failure."""
    sitting = Sitting(engine, file, minutes, is_control=False)
    wrong = sitting.run()
    append_result(
        file, seed=sitting.seed, count=0, failures=wrong[:5], more={"sitting": sitting.began}
    )
    wrong += failures_of(sitting.taken)
    for one in wrong:
        say(one)
    return not wrong


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("--minutes", type=int)
    parser.add_argument("--control", action="store_true", help="run a server that leaks")
    parser.add_argument("--results", type=Path, default=FOLDER)
    asked = parser.parse_args(arguments)
    name = f"soak-{asked.engine}"
    file, entry = file_of(name, asked.results), CATALOG[name]
    with alone(file):
        if asked.control:
            return 0 if run_control(asked.engine, file) else 1
        if found(read_results(file)) < entry.planted:
            run_control(asked.engine, file)
        return 0 if run_sitting(asked.engine, file, asked.minutes or entry.wanted) else 1


if __name__ == "__main__":
    sys.exit(program(main))
