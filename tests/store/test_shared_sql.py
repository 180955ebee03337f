"""SQL that both engines run is written once, and each engine translates it."""

from seatlatch.store.postgres import executor as postgres_executor
from seatlatch.store.sqlite import executor as sqlite_executor


def test_a_shared_statement_on_sqlite() -> None:
    shared = """
    UPDATE seatlatch.a SET b = coalesce(b, :b), c = now() WHERE d IN (
      SELECT d FROM seatlatch.a WHERE d = ANY (:ds) ORDER BY d FOR NO KEY UPDATE)
    """
    assert " ".join(sqlite_executor.translated(shared).split()) == (
        "UPDATE a SET b = ifnull(b, :b), c = :now WHERE d IN ( SELECT d FROM a"
        " WHERE d IN (SELECT value FROM json_each(:ds)) ORDER BY d)"
    )
    skipping = "SELECT a FROM seatlatch.b WHERE c = :c LIMIT 9 FOR UPDATE SKIP LOCKED"
    assert sqlite_executor.translated(skipping) == "SELECT a FROM b WHERE c = :c LIMIT 9"
    assert sqlite_executor.translated("LOCK TABLE seatlatch.a IN EXCLUSIVE MODE") == ""


def test_a_shared_statement_on_postgres() -> None:
    shared = "SELECT a::text FROM seatlatch.b WHERE c = :c AND d = ANY (:ds)"
    assert postgres_executor.translated(shared) == (
        b"SELECT a::text FROM seatlatch.b WHERE c = %(c)s AND d = ANY (%(ds)s)"
    )


def test_what_postgres_can_not_hold_is_left_out_of_a_list() -> None:
    values = {"texts": ["a", "b\0", 'c"'], "numbers": [1, 2], "text": "d"}
    assert postgres_executor.adapted(values) == {
        "texts": r'{"a","c\""}',
        "numbers": "{1,2}",
        "text": "d",
    }
