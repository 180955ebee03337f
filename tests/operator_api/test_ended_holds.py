"""The remains of a hold that has ended count as no hold; which calls clear them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.databases import Database
from tests.http.test_probes import samples, value
from tests.operator_api.box_office import hold, override, release, reserved, show, void
from tests.serving import OWNER, Served, serving

LISTED = "locked-and-listed"
PLAIN = "not-listed"


@pytest.fixture
def ended(inventory: Database) -> Iterator[Served]:
    """A server on which the holds of a listed ticket and of a plain one have just ended."""
    clock = inventory.clock(datetime(2030, 1, 1, tzinfo=UTC))
    with serving(inventory, at=clock) as running:
        assert hold(running, LISTED, PLAIN, expiresInSeconds=60).status_code == 200
        clock.now += timedelta(seconds=60)
        yield running


def left_of(served: Served, token: str) -> tuple[Any, Any]:
    """The stored data of a hold, ended or not."""
    row = served.database.rows()[token]
    return row["seat_status"], row["hold_reason"]


@pytest.mark.parametrize("token", [LISTED, PLAIN])
def test_a_release_clears_it_and_says_so(ended: Served, token: str) -> None:
    mpreserve = show(ended, token)["mpreserve"]
    answer = release(ended, token)
    done = {"token": token, "ownerId": OWNER, "status": "UNLOCK"}
    assert (answer.status_code, answer.json()) == (200, {"success": [done]})
    assert left_of(ended, token) == ("UNLOCK", None)
    assert release(ended, token).status_code == 200
    for outcome in ("released", "already_released"):
        assert value(samples(ended), "seatlatch_tokens_total", outcome=outcome) == 1
    assert show(ended, token)["mpreserve"] == mpreserve


@pytest.mark.parametrize("change", [Served.unlock, override], ids=["unlock", "override"])
def test_an_unlock_leaves_it(ended: Served, change: Callable[..., httpx.Response]) -> None:
    before = show(ended, PLAIN)
    assert change(ended, LISTED, PLAIN).status_code == 200
    assert show(ended, LISTED)["mpreserve"] is False
    assert show(ended, PLAIN) == before
    for token in (LISTED, PLAIN):
        assert left_of(ended, token) == ("LOCK", "moving")


def test_a_lock_and_a_void_clear_it(ended: Served) -> None:
    assert ended.lock(PLAIN).status_code == 200
    assert void(ended, LISTED).status_code == 200
    for token in (PLAIN, LISTED):
        assert left_of(ended, token) == ("UNLOCK", None)


def test_a_hold_takes_its_place_unless_the_ticket_is_listed(ended: Served) -> None:
    answer = hold(ended, PLAIN, LISTED, reason="again")
    assert answer.status_code == 207
    assert answer.json()["failure"] == [reserved(LISTED)]
    assert show(ended, LISTED)["status"] == "UNLOCK"
    assert left_of(ended, PLAIN) == ("LOCK", "again")


def test_a_hold_that_stands_takes_another_reason_though_the_ticket_is_listed(
    served: Served,
) -> None:
    for outcome in ("held", "already_held"):
        answer = hold(served, LISTED, reason="again")
        done = {"token": LISTED, "ownerId": OWNER, "status": "LOCK"}
        assert answer.json() == {"success": [done]}
        assert value(samples(served), "seatlatch_tokens_total", outcome=outcome) == 1
    shown = show(served, LISTED)
    assert (shown["hold"]["reason"], shown["mpreserve"]) == ("again", True)
    assert release(served, LISTED).status_code == 200
    shown = show(served, LISTED)
    assert (shown["status"], shown["mpreserve"]) == ("UNLOCK", True)
