"""Requests in the journal, for the tests that read it: written by hand, with any timestamps."""

from collections.abc import Sequence
from datetime import datetime

from seatlatch.domain.journal import Act, Asker, NewEntry, Verb
from seatlatch.domain.outcome import Outcome
from seatlatch.store.interface import Transaction
from tests.databases import Clock
from tests.stores import OpenStore

APPLICATION, CHANNEL, OTHER = "com.example.test", "test-channel", "other-channel"


def asker(number: int, channel: str | None = CHANNEL, address: str | None = None) -> Asker:
    """A channel's caller, or an operator (None); the Request-ID ends in `number`."""
    request_id = f"00000000-0000-4000-8000-{number:012}"
    if channel is None:
        return Asker(request_id, operator="box-office", client_address=address)
    return Asker(request_id, APPLICATION, channel, client_address=address)


def entry(
    number: int,
    verb: Verb = Verb.UNLOCK,
    channel: str | None = CHANNEL,
    outcomes: dict[Outcome, Sequence[str]] | None = None,
    refusal: str | None = None,
    address: str | None = None,
) -> NewEntry:
    """An entry that changed nothing."""
    act = Act(verb, asker(number, channel, address))
    return NewEntry(act, outcomes or {}, refusal=refusal)


def write(store: OpenStore, *entries: NewEntry) -> None:
    """Write entries in one transaction."""

    async def record(inside: Transaction) -> None:
        await inside.journal.reserve_entries(len(entries))
        await inside.journal.record(entries)

    store.commit(record)


def write_at(store: OpenStore, clock: Clock, now: datetime, *entries: NewEntry) -> None:
    """Write entries at a time."""
    clock.now = now
    write(store, *entries)
