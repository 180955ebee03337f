"""Tampering with the journal, at random, and the check that it is found where it begins."""

import random
from typing import Any

from seatlatch.commit import CommitEach
from seatlatch.journal.rows import entry_id_of, place_of
from seatlatch.operations.change_tickets import (
    hold_tickets,
    lock_tickets,
    release_tickets,
    unlock_tickets,
)
from seatlatch.store.tickets import NewTicket
from tests.databases import Database
from tests.journals import tampered
from tests.operations.changes import ASKER
from tests.operations.states import LISTING, MINE
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened

TOKENS = [f"t{number}" for number in range(20)]
REQUESTS = 60


def write_journal(database: Database) -> None:
    """Fill an inventory and change its tickets by requests of all kinds; two chains if it can."""
    fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in TOKENS])
    chance = random.Random(1)
    with opened(database.store()) as store, opened(database.store()) as other:
        for number in range(REQUESTS):
            commits = CommitEach((store if number % 3 else other).store)
            tokens = chance.sample([*TOKENS, "unknown"], 3)
            store.run(_verb(chance, commits, tokens))


def _verb(chance: random.Random, commits: CommitEach, tokens: list[str]) -> Any:
    """One request, by lot."""
    which = chance.randrange(4)
    if which == 0:
        return lock_tickets(commits, ASKER, MINE, dict.fromkeys(tokens, LISTING))
    if which == 1:
        return unlock_tickets(commits, ASKER, MINE, tokens)
    if which == 2:
        return hold_tickets(commits, ASKER, tokens, "moving")
    return release_tickets(commits, ASKER, tokens)


class Tampering:
    """Somebody with the database's password and no idea of hashes."""

    def __init__(self, database: Database, chance: random.Random) -> None:
        self._database = database
        self._chance = chance
        rows = database.execute("SELECT entry_id FROM journal ORDER BY entry_id")
        self._ids = [int(entry_id) for (entry_id,) in rows]

    def tamper(self) -> int | None:
        """Do one of it; the entry where it begins, None = at a chain's head."""
        return self._chance.choice(
            [self.edit, self.remove, self.swap, self.cut_off, self.set_back]
        )()

    def edit(self) -> int:
        """One bit of one column of one row."""
        entry_id = self._chance.choice(self._ids)
        column = self._chance.choice(EDITS[self._database.engine])
        self._database.execute(f"UPDATE journal SET {column} WHERE entry_id = ?", entry_id)
        return entry_id

    def remove(self) -> int:
        """A row, or a few that follow each other."""
        at = self._chance.randrange(len(self._ids))
        gone = self._ids[at : at + self._chance.randint(1, 3)]
        for entry_id in gone:
            self._database.execute("DELETE FROM journal WHERE entry_id = ?", entry_id)
        return gone[0]

    def swap(self) -> int:
        """Two rows take each other's places."""
        one, other = sorted(self._chance.sample(self._ids, 2))
        for was, becomes in ((one, 5), (other, one), (5, other)):
            self._database.execute(
                "UPDATE journal SET entry_id = ? WHERE entry_id = ?", becomes, was
            )
        return one

    def cut_off(self) -> int:
        """The end of a chain."""
        entry_id = self._chance.choice(self._ids)
        chain, _ = place_of(entry_id)
        end = entry_id_of(chain + 1, 0)
        self._database.execute(
            "DELETE FROM journal WHERE entry_id >= ? AND entry_id < ?", entry_id, end
        )
        return entry_id

    def set_back(self) -> None:
        """The head of a chain, as if it had ended before."""
        chain, number = place_of(self._chance.choice(self._ids))
        self._database.execute(
            "UPDATE journal_chains SET number = ? WHERE chain = ?", number - 1, chain
        )


EDITS = {
    "sqlite": [
        "moment = moment + 1",
        "request_id = randomblob(16)",
        "entry = replace(entry, 'outcomes', 'outcomez')",
        "entry = replace(entry, ':', ': ')",
        "listing = 'other'",
        "hash = randomblob(32)",
    ],
    "postgres": [
        "moment = moment + interval '1 microsecond'",
        "position = position + 1",
        "request_id = gen_random_uuid()",
        "entry = replace(entry, 'outcomes', 'outcomez')",
        "entry = replace(entry, ':', ': ')",
        "listing = 'other'",
        "hash = sha256(hash)",
    ],
}


class Copy:
    """The journal's tables as they were, to be put back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        for table in ("journal", "journal_chains"):
            database.execute(f"DROP TABLE IF EXISTS copy_of_{table}")
            database.execute(f"CREATE TABLE copy_of_{table} AS SELECT * FROM {table}")

    def put_back(self) -> None:
        """Undo whatever was done."""
        overriding = "OVERRIDING SYSTEM VALUE " if self._database.engine == "postgres" else ""
        for table in ("journal", "journal_chains"):
            self._database.execute(f"DELETE FROM {table}")
            self._database.execute(f"INSERT INTO {table} {overriding}SELECT * FROM copy_of_{table}")


def unseen(database: Database, store: OpenStore, copy: Copy, chance: random.Random) -> str | None:
    """Tamper with a journal and put it back; what was not found of that, or not in its place."""
    entry_id = Tampering(database, chance).tamper()
    found = tampered(store)
    copy.put_back()
    if not found:
        return f"a tampering at {entry_id} was not found"
    places = [(chain, number) for chain, number, _ in found]
    if entry_id is not None and place_of(entry_id) not in places:
        return f"a tampering at {place_of(entry_id)} was found elsewhere: {found}"
    return None
