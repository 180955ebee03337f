"""Histories of tickets under faults are linearizable, and the judge finds those that are not.

`python -m campaigns.linear` records and judges many more.
"""

from math import inf
from pathlib import Path
from random import randrange

import pytest

from tests.durability.linearizability import (
    DONE,
    HELD,
    OPEN,
    REFUSED,
    Operation,
    Verb,
    is_linearizable,
    planted,
)
from tests.durability.troubled_servers import recorded

TICKETS = 16


def test_histories_under_faults_are_linearizable(tmp_path: Path) -> None:
    seed = randrange(10**6)
    histories = recorded(tmp_path, "sqlite", TICKETS, seed, faults=1).of
    assert len(histories) == TICKETS
    for token, history in histories.items():
        assert is_linearizable(history), f"seed {seed}: {token}: {history}"
    wrong = [
        made for one in histories.values() for kind in range(3) if (made := planted(one, kind))
    ]
    assert len(wrong) > TICKETS, f"seed {seed}"
    assert not any(map(is_linearizable, wrong)), f"seed {seed}"


def op(verb: Verb, number: int, sent: float, answered: float, result: str | None) -> Operation:
    return Operation(verb, number, sent, answered, result)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([op("lock", 1, 0, 1, DONE), op("verify", 0, 2, 3, "1")], True),
        ([op("lock", 1, 0, 1, DONE), op("verify", 0, 2, 3, OPEN)], False),
        # At the same time: before or after.
        ([op("lock", 1, 0, 3, DONE), op("verify", 0, 1, 2, OPEN)], True),
        ([op("lock", 1, 0, 3, DONE), op("verify", 0, 1, 2, "1")], True),
        # Two readers at the same time as the lock must agree on the order.
        (
            [
                op("lock", 1, 0, 9, DONE),
                op("verify", 0, 1, 2, "1"),
                op("verify", 0, 3, 4, OPEN),
            ],
            False,
        ),
        # Without a response it may have taken effect, also late, or not.
        ([op("lock", 1, 0, inf, None), op("verify", 0, 5, 6, "1")], True),
        ([op("lock", 1, 0, inf, None), op("verify", 0, 5, 6, OPEN)], True),
        (
            [
                op("lock", 1, 0, inf, None),
                op("verify", 0, 5, 6, OPEN),
                op("verify", 0, 7, 8, "1"),
            ],
            True,
        ),
        (
            [
                op("lock", 1, 0, inf, None),
                op("verify", 0, 5, 6, "1"),
                op("verify", 0, 7, 8, OPEN),
            ],
            False,
        ),
        # The rules of holds and listings.
        ([op("hold", 1, 0, 1, DONE), op("lock", 2, 2, 3, REFUSED)], True),
        ([op("hold", 1, 0, 1, DONE), op("lock", 2, 2, 3, DONE)], False),
        ([op("lock", 1, 0, 1, DONE), op("hold", 2, 2, 3, DONE)], False),
        ([op("lock", 1, 0, 1, DONE), op("hold", 2, 2, 3, REFUSED)], True),
        ([op("hold", 1, 0, 1, DONE), op("verify", 0, 2, 3, HELD)], True),
        (
            [
                op("hold", 1, 0, 1, DONE),
                op("release", 2, 2, 3, DONE),
                op("verify", 0, 4, 5, HELD),
            ],
            False,
        ),
    ],
)
def test_the_judge(history: list[Operation], expected: bool) -> None:
    assert is_linearizable(history) is expected
    assert is_linearizable(history[::-1]) is expected
