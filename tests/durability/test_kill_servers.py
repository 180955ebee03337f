"""kill -9 of one of several servers on one PostgreSQL, under load, again and again."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.durability.callers import Callers, states_of
from tests.durability.fault_scenarios import (
    CHANGES,
    HEALED_SECONDS,
    TOKENS,
    ServersDatabase,
    WatchedServer,
    an_inventory,
)
from tests.durability.processes import ServerProcess
from tests.journals import disagreements

CYCLES = 50
LOAD_ANSWERS = 100


class Servers:
    """Two that serve, and one that begins meanwhile, to take the place of the next one killed.

    A Python process needs as long to begin as all the rest of a cycle takes.
    """

    def __init__(self, url: str, errors: Path) -> None:
        self._url = url
        self._errors = errors
        self._serving = [self._new(), self._new()]
        self.ports = [server.begun() for server in self._serving]
        self._next = self._new()

    def _new(self) -> ServerProcess:
        return ServerProcess(self._url, self._errors)

    def kill(self, number: int) -> None:
        """kill -9 one of the two; the next one takes its place."""
        self._serving[number].kill()
        self.ports[number] = self._next.begun()
        self._serving[number] = self._next
        self._next = self._new()

    def close(self) -> None:
        """End all."""
        for server in (*self._serving, self._next):
            server.kill()


@contextmanager
def servers(database: ServersDatabase, errors: Path) -> Iterator[Servers]:
    made = Servers(database.url, errors)
    try:
        yield made
    finally:
        made.close()


def test_nothing_acknowledged_is_lost_with_a_server(server: WatchedServer, tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    errors = tmp_path / "errors"
    with an_inventory(server) as database, ExitStack() as stack:
        several = stack.enter_context(servers(database, errors))
        callers = stack.enter_context(Callers(several.ports, TOKENS, 8, seed))
        for cycle in range(CYCLES):
            callers.wait_for({CHANGES: 200}, HEALED_SECONDS, times=chance.randint(1, LOAD_ANSWERS))
            several.kill(cycle % 2)
            with callers.paused(HEALED_SECONDS):
                lost = callers.lost(states_of(database.rows()))
            assert lost == {}, f"seed {seed}, cycle {cycle}"
        callers.stop()
        assert (callers.wrong[:5], callers.late[:5]) == ([], []), f"seed {seed}"
        assert all(caller.acknowledged > CYCLES for caller in callers.callers)
        assert disagreements(database) == [], f"seed {seed}: journal and tickets"
    assert errors.read_text() == ""
