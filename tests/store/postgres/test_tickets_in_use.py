"""The tickets that another transaction has locked are found without waiting."""

import psycopg

from seatlatch.store.tickets import NewTicket
from tests.postgres_database import PostgresDatabase
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import opened

TOKENS = ["a", "b", "c", "d\\é\N{TICKET}"]


def test_those_that_another_transaction_holds(database: PostgresDatabase) -> None:
    fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in TOKENS])
    asked = [*TOKENS, "none", "not\0storable"]
    with opened(database.store()) as store, psycopg.connect(database.url) as other:
        in_use = store.store.tokens_in_use
        assert store.run(in_use(asked)) == []
        other.execute(
            "UPDATE seatlatch.tickets SET owner_id = owner_id WHERE token = ANY (%s)",
            ([TOKENS[1], TOKENS[3]],),
        )
        assert sorted(store.run(in_use(asked))) == [TOKENS[1], TOKENS[3]]
        other.rollback()
        assert store.run(in_use(asked)) == []
        # It has no lock after it has ended.
        other.execute("SELECT 1 FROM seatlatch.tickets FOR UPDATE NOWAIT")
        assert sorted(store.run(in_use(asked))) == sorted(TOKENS)
