"""Tampering with the journal, which must be found where it begins: `python -m campaigns.tamper`.

Rounds with an odd seed are on SQLite, the others on PostgreSQL.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from campaigns import sitting
from campaigns.sitting import Campaign, Round
from seatlatch.operations import verify_journal
from tests.campaigns import fresh_database
from tests.databases import Database
from tests.journals import tampered
from tests.operations.journal_tamperings import Copy, unseen, write_journal
from tests.stores import OpenStore, opened

TAMPERINGS = 500
PLANTED_FAULTS = 50


@contextmanager
def journal(seed: int) -> Iterator[tuple[Database, OpenStore, Copy]]:
    """A journal with a copy to put back."""
    with fresh_database("sqlite" if seed % 2 else "postgres") as database:
        write_journal(database)
        copy = Copy(database)
        with opened(database.store()) as store:
            yield database, store, copy


def run(seed: int) -> Round:
    """Tamper with one journal many times."""
    chance = Random(seed)
    with journal(seed) as (database, store, copy):
        found = [unseen(database, store, copy, chance) for _ in range(TAMPERINGS)]
        wrong = [f"an untouched journal has {one}" for one in tampered(store)]
    return Round(TAMPERINGS, [*filter(None, found), *wrong])


def control(seed: int) -> Round:
    """Tamper while no hash is compared. The campaign must notice that nothing is found."""
    chance, noticed = Random(seed), 0
    with journal(seed) as (database, store, copy), pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify_journal, "is_intact", lambda _before, _row: True)
        for _ in range(20 * PLANTED_FAULTS):
            noticed += unseen(database, store, copy, chance) is not None
            if noticed == PLANTED_FAULTS:
                return Round(noticed)
    return Round(noticed, [f"only {noticed} were noticed"])


if __name__ == "__main__":
    sys.exit(sitting.run(Campaign("tamper", run, control)))
