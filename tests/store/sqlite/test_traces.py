"""Personal data that are removed disappear from the database's bytes too."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import apsw
import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.operations.erase_addresses import erase_addresses
from seatlatch.store.interface import Transaction
from seatlatch.store.sqlite import opening
from seatlatch.store.sqlite.store import SqliteStore
from seatlatch.store.tickets import Mpreserve, NewTicket
from tests.operations.changes import NO_ENTRY
from tests.operations.requests import entry, write
from tests.serving import CHANNEL, ORGANIZATION, OWNER, make_inventory
from tests.stores import opened

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
LOCK, UNLOCK = Mpreserve(MINE, Listing()), Mpreserve(MINE, None)
TICKETS = 300
AT_ONCE = 30
NAME = b"Somebody"
STREET = b"Nowhere"

Ending = Callable[[Transaction, list[str]], Awaitable[object]]
END: dict[str, Ending] = {
    "unlock": lambda inside, tokens: inside.tickets.change_mpreserve(
        dict.fromkeys(tokens, UNLOCK), NO_ENTRY
    ),
    "override": lambda inside, tokens: inside.tickets.override_unlock(tokens, NO_ENTRY),
    "void": lambda inside, tokens: inside.tickets.void(tokens, NO_ENTRY),
    "lock": lambda inside, tokens: inside.tickets.change_mpreserve(
        dict.fromkeys(tokens, LOCK), NO_ENTRY
    ),
}


def listing(token: str, streets: int) -> Listing:
    """A listing with a seller; with many streets it does not fit into the page of the row."""
    address = STREET.decode() * streets
    return Listing("BROKER", seller=json.dumps({"lastName": NAME.decode() + token, "a": address}))


async def lock(locks: dict[str, Mpreserve], inside: Transaction) -> object:
    return await inside.tickets.change_mpreserve(locks, NO_ENTRY)


def traces(path: Path, streets: int, end: Ending) -> tuple[int, int]:
    """The number of copies of a seller in the files while tickets are listed, and after that."""
    tokens = [f"ticket-{number:03}" for number in range(TICKETS)]
    make_inventory(path, (NewTicket(token, ORGANIZATION, OWNER) for token in tokens))
    random.Random(1).shuffle(tokens)
    batches = [tokens[start : start + AT_ONCE] for start in range(0, TICKETS, AT_ONCE)]
    store = SqliteStore(path)

    async def load() -> tuple[int, int]:
        for batch in batches:
            locks = {token: Mpreserve(MINE, listing(token, streets)) for token in batch}
            await store.commit(partial(lock, locks))
        before = found(path)
        for batch in batches:
            await store.commit(lambda inside, batch=batch: end(inside, batch))  # type: ignore[misc]
        after = found(path)
        await store.close()
        return before, after

    return asyncio.run(load())


def found(path: Path) -> int:
    """The number of copies of a seller in the database after a checkpoint, and in its log."""
    connection = apsw.Connection(str(path))
    connection.pragma("user_version")  # a connection that has not read has no log to copy
    logged, copied = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    assert (logged, copied) == (0, 0), "all is copied and the log is empty"
    connection.close()
    content = path.read_bytes() + path.with_name(path.name + "-wal").read_bytes()
    return content.count(NAME) + content.count(STREET)


@pytest.mark.parametrize("streets", [0, 8, 100])
@pytest.mark.parametrize("end", END)
def test_no_trace_of_a_seller_is_left(tmp_path: Path, end: str, streets: int) -> None:
    listed, ended = traces(tmp_path / "inventory.db", streets, END[end])
    assert listed >= TICKETS
    assert ended == 0


@pytest.mark.parametrize(("mode", "streets"), [("FAST", 100), (False, 0)])
def test_control_with_less_than_secure_delete_traces_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str | bool, streets: int
) -> None:
    configure = opening.configure

    def less(connection: apsw.Connection) -> None:
        configure(connection)
        connection.pragma("secure_delete", mode)

    monkeypatch.setattr(opening, "configure", less)
    _, ended = traces(tmp_path / "inventory.db", streets, END["unlock"])
    assert ended > 0


def test_no_trace_of_an_erased_address_is_left(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path)
    with opened(SqliteStore(path)) as store:
        for number in range(TICKETS):
            write(store, entry(number, address=f"{NAME.decode()}-{number}"))
        assert found(path) == TICKETS
        store.run(erase_addresses(store.store, CommitEach(store.store), 0))
        assert found(path) == 0
