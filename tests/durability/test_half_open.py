"""A network that swallows what is sent: no end of a connection, no answer either."""

from collections.abc import Iterator

import pytest

from tests.durability.fault_scenarios import CHANGES, WatchedServer, a_day
from tests.durability.half_open import Way, way_to
from tests.serving import VERIFY

BEGIN = b"seatlatch_0\0"
"""The name by which a connection has prepared it."""

COMMIT = rb"\"verb\""
"""What the journal says goes out together with it."""

MOMENTS = {
    "before BEGIN": (BEGIN, False),
    "after BEGIN was sent": (BEGIN, True),
    "between work and COMMIT": (COMMIT, False),
    "after COMMIT was sent": (COMMIT, True),
}


@pytest.fixture
def way(server: WatchedServer) -> Iterator[Way]:
    with way_to(server.port) as way:
        yield way


def address(way: Way) -> str:
    return f"postgresql://postgres@127.0.0.1:{way.port}/{{name}}"


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "late"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_blocked_at_a_moment(server: WatchedServer, way: Way, moment: str, reset: bool) -> None:
    marker, lets_through = MOMENTS[moment]
    with a_day(server, address(way)) as day:
        way.shut_at(marker, lets_through=lets_through)
        assert way.struck.wait(5)
        try:
            day.is_refused()
        finally:
            way.open(reset=reset)
        day.is_answered()


@pytest.mark.parametrize("there", [True, False], ids=["there", "back"])
def test_blocked_in_one_direction(server: WatchedServer, way: Way, there: bool) -> None:
    with a_day(server, address(way)) as day:
        way.shut(there=there, back=not there)
        try:
            day.is_refused()
        finally:
            way.open(reset=True)
        day.is_answered()


def test_half_of_the_connections_are_dead(server: WatchedServer, way: Way) -> None:
    """The dead ones are replaced while the others go on; unless one hangs in a COMMIT all is well
    again while it is still so.
    """
    with a_day(server, address(way), callers=8) as day:
        way.shut(every=2)
        day.is_answered(VERIFY)
        day.is_answered(CHANGES)
        way.open(reset=True)
        day.is_answered()
