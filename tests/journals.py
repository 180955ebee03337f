"""The journal as tests look at it: all that it says, and whether the tickets agree with it."""

from collections.abc import Iterable, Sequence
from typing import Any

from seatlatch.domain.journal import Changed, Entry, Verb
from seatlatch.domain.verification import Tampered
from seatlatch.operations.verify_journal import Anchor, verify_journal
from seatlatch.store.interface import Store
from tests.databases import Database
from tests.durability.callers import Sent
from tests.stores import OpenStore, opened

TICKETS = "SELECT token, mpreserve, seat_status, voided, revision, entry_id FROM tickets"

AFTER: dict[Verb, dict[str, Any]] = {
    Verb.LOCK: {"mpreserve": True},
    Verb.UNLOCK: {"mpreserve": False},
    Verb.OVERRIDE: {"mpreserve": False},
    Verb.HOLD: {"seat_status": "LOCK"},
    Verb.RELEASE: {"seat_status": "UNLOCK"},
    Verb.VOID: {"voided": True, "mpreserve": False, "seat_status": "UNLOCK"},
}
"""How a ticket stands after its latest change, as far as that change says."""


def entries_of(store: OpenStore) -> Sequence[Entry]:
    """All entries that can be read, in the order in which a reader gets them."""
    found = store.read(lambda snapshot: snapshot.journal.entries_after({}, 10**9))
    return [entry for entry in found if isinstance(entry, Entry)]


def chain_of(store: OpenStore) -> int:
    """The one chain."""
    (chain,) = store.read(lambda snapshot: snapshot.journal.read_chains())
    return chain.head.chain


def tampered(store: OpenStore, anchor: Anchor | None = None) -> list[Tampered]:
    """What a walk over the whole journal finds."""

    async def walk(inside: Store) -> list[Tampered]:
        return [step.tampered async for step in verify_journal(inside, anchor) if step.tampered]

    return store.run(walk(store.store))


def disagreements(database: Database) -> list[str]:
    """Where tickets and journal say different things: a change that is not in the journal, an entry
    whose change did not happen, a chain that does not verify. An import's changes are in no entry.
    """
    with opened(database.store()) as store:
        found = [str(fault) for fault in tampered(store)]
        entries = entries_of(store)
    tickets = _tickets(database)
    latest: dict[str, tuple[Entry, Changed]] = {}
    for entry in entries:
        for changed in entry.changed:
            before = latest.get(changed.token)
            came_before = before[0].entry_id if before else None
            if before and changed.version <= before[1].version:
                found.append(f"{changed}: a version of before")
            if came_before not in (None, changed.previous_entry_id):
                found.append(f"{changed}: a change of before is missing, not {came_before}")
            latest[changed.token] = entry, changed
    for token, ticket in tickets.items():
        found += _disagreements(token, ticket, latest.get(token))
    return found


def missing_from_journal(database: Database, acknowledged: Iterable[Sent]) -> list[str]:
    """The Request-IDs of acknowledged changes of which the journal lacks an entry, or a ticket."""
    with opened(database.store()) as store:
        entries = entries_of(store)
    changed: dict[str, set[str]] = {}
    for entry in entries:
        tokens = changed.setdefault(entry.act.asker.request_id, set())
        tokens.update(change.token for change in entry.changed)
    return [
        asked.request_id
        for asked in acknowledged
        if not set(asked.tokens) <= changed.get(asked.request_id, set())
    ]


def _disagreements(
    token: str, ticket: dict[str, Any], latest: tuple[Entry, Changed] | None
) -> list[str]:
    if latest is None:
        return [f"{token}: no entry tells of it"] if ticket["entry_id"] % 2**36 else []
    entry, changed = latest
    expected = {**AFTER[entry.act.verb], "entry_id": entry.entry_id}
    wrong = [name for name, value in expected.items() if ticket[name] != value]
    if changed.version > ticket["revision"]:
        wrong.append("revision")
    return [f"{token}: {wrong} is not as {entry.act.verb} left it"] if wrong else []


def _tickets(database: Database) -> dict[str, dict[str, Any]]:
    return {
        token: {
            "mpreserve": bool(mpreserve),
            "seat_status": seat_status,
            "voided": bool(voided),
            "revision": revision,
            "entry_id": entry_id,
        }
        for token, mpreserve, seat_status, voided, revision, entry_id in database.execute(TICKETS)
    }
