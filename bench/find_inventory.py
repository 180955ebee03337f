"""An inventory like those of venues, for the benchmark of searches: tickets, listings, a journal.

Five organizations have events of 20,000 seats: 100 sections of 20 rows of 10 seats. A quarter of
the seats are season tickets, two seats each, whose owner has them at every event of the
organization. The others have owners of eight tickets. 3 % of the tickets are listed, four to a
listing, and 0.2 % are held. The journal has as many requests as there are tickets.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import NamedTuple

import apsw
import psycopg

from seatlatch.store.sqlite.executor import translated

SEATS = 20_000
ORGANIZATIONS = tuple(str(1001 + number) for number in range(5))
PRIME, STRIDE = 99_999_999_977, 61_803_398_875
"""The multiples of `STRIDE` modulo `PRIME` are all different, and not sorted."""

LISTED_GROUPS = (0, 58, 79)
"""The groups of four tickets that are a listing, of each 100 groups."""

ENTRIES_PER_LISTING = 133
PORTION_ROWS = 1_000_000


class Seat(NamedTuple):
    """A ticket as a person knows it; every value is text."""

    token: str
    organization_id: str
    access_id: str
    section: str
    row: str
    seat: str
    owner_id: str
    barcode: str


def seat_of(number: int) -> Seat:
    """The ticket with a number; the same as `TICKETS` adds."""
    event, place = divmod(number, SEATS)
    organization = event % len(ORGANIZATIONS)
    is_season = place < SEATS // 4
    return Seat(
        str(100_000_000_000 + number * STRIDE % PRIME),
        ORGANIZATIONS[organization],
        f"EVENT-{event}",
        str(101 + place // 200),
        str(1 + place // 10 % 20),
        str(1 + place % 10),
        f"S{organization}-{place // 2}" if is_season else f"U{event}-{place // 8}",
        str(200_000_000_000 + (number + 1) * STRIDE % PRIME),
    )


def listing_of(number: int) -> str:
    """A listing near the ticket with a number."""
    return f"L{number // 400 * 100 + LISTED_GROUPS[number % len(LISTED_GROUPS)]}"


def _token(number: str) -> str:
    return f"CAST(100000000000 + ({number}) * {STRIDE} % {PRIME} AS text)"


TICKETS = f"""
INSERT INTO seatlatch.tickets (token, organization_id, owner_id, access_id, section, "row", seat,
  barcode, mpreserve, mpreserve_channel, listing_source, external_listing_id, seat_status)
SELECT {_token("n")}, CAST(1001 + org AS text),
  CASE WHEN place < {SEATS // 4} THEN 'S' || org || '-' || (place / 2)
       ELSE 'U' || event || '-' || (place / 8) END,
  'EVENT-' || event, CAST(101 + place / 200 AS text), CAST(1 + place / 10 % 20 AS text),
  CAST(1 + place % 10 AS text), CAST(200000000000 + (n + 1) * {STRIDE} % {PRIME} AS text),
  listed, CASE WHEN listed THEN 'market-a' END, CASE WHEN listed THEN 'BROKER' END,
  CASE WHEN listed THEN 'L' || (n / 4) END,
  CASE WHEN (n * 104729) % 1000 < 2 THEN 'LOCK' ELSE 'UNLOCK' END
FROM (
  SELECT n, n / {SEATS} AS event, n % {SEATS} AS place,
         (n / {SEATS}) % {len(ORGANIZATIONS)} AS org, n / 4 % 100 IN {LISTED_GROUPS} AS listed
  FROM numbers) AS numbered
ORDER BY 1
"""
LOCKED_TOKENS = """ || '","' || """.join(_token(f"listing * 4 + {nth}") for nth in range(4))
CHANGES = ",".join([f"[2,{1 << 36}]"] * 4)
ENTRY = f"""
CASE WHEN locks THEN
  '{{"verb":"lock","application":"com.example.a","channel":"market-a","listing":"L' || listing
  || '","outcomes":{{"locked":["' || {LOCKED_TOKENS} || '"]}},"changes":[{CHANGES}]}}'
ELSE
  '{{"verb":"unlock","application":"com.example.a","channel":"market-a","outcomes":'
  || '{{"unlocked":["' || {_token("n")} || '"]}},"changes":[[2,{1 << 36}]]}}'
END, CASE WHEN locks THEN 'L' || listing END
"""
MADE = f"""
FROM (
  SELECT n, n % {ENTRIES_PER_LISTING} = 0 AS locks, n / {ENTRIES_PER_LISTING * 3} * 100
    + CASE n / {ENTRIES_PER_LISTING} % 3 WHEN 0 THEN 0 WHEN 1 THEN 58 ELSE 79 END AS listing
  FROM numbers) AS made
"""
SQLITE_NUMBERS = """
WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?2)
"""
SQLITE_JOURNAL = f"""
INSERT INTO journal (entry_id, moment, request_id, hash, entry, listing)
SELECT {1 << 36} + n + 1, 1700000000000000 + n * 1000, randomblob(16), randomblob(32), {ENTRY}
{MADE}
"""
SQLITE_INDEXES = """
SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'tickets' AND type = 'index' AND sql <> ''
"""
POSTGRES_NUMBERS = """
WITH numbers (n) AS (SELECT generate_series(%s::bigint, %s::bigint - 1))
"""
POSTGRES_JOURNAL = f"""
INSERT INTO seatlatch.journal (entry_id, position, moment, request_id, hash, entry, listing)
SELECT {1 << 36} + n + 1, n + 1, '2024-01-01Z'::timestamptz + n * interval '1 millisecond',
       gen_random_uuid(), sha256(n::text::bytea), {ENTRY} {MADE}
"""
POSTGRES_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'seatlatch' AND tablename = 'tickets' AND indexname <> 'tickets_pkey'
"""


def fill_sqlite(path: str, tickets: int) -> dict[str, float]:
    """Fill an empty inventory, and return how many seconds each index took."""
    connection = apsw.Connection(path)
    connection.pragma("synchronous", "OFF")
    connection.pragma("cache_size", -200_000)
    indexes = [(str(row[0]), str(row[1])) for row in connection.execute(SQLITE_INDEXES)]
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute(SQLITE_NUMBERS + translated(TICKETS), (0, tickets))
    for portion in portions(tickets):
        connection.execute(SQLITE_NUMBERS + SQLITE_JOURNAL, portion)
    connection.execute("UPDATE journal_chains SET number = ?", (tickets,))
    seconds = {name: timed(partial(connection.execute, sql)) for name, sql in indexes}
    connection.pragma("wal_checkpoint(TRUNCATE)")
    connection.close()
    return seconds


def fill_postgres(url: str, tickets: int) -> dict[str, float]:
    """Fill an empty inventory, and return how many seconds each index took."""
    with psycopg.connect(url, autocommit=True) as connection:
        indexes = connection.execute(POSTGRES_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX seatlatch.{name}".encode())
        statement = (POSTGRES_NUMBERS + TICKETS.replace("%", "%%")).encode()
        connection.execute(statement, (0, tickets))
        for portion in portions(tickets):
            statement = (POSTGRES_NUMBERS + POSTGRES_JOURNAL.replace("%", "%%")).encode()
            connection.execute(statement, portion)
        connection.execute("INSERT INTO seatlatch.journal_chains DEFAULT VALUES")
        connection.execute(f"UPDATE seatlatch.journal_chains SET number = {tickets}".encode())
        seconds = {name: timed(partial(connection.execute, sql.encode())) for name, sql in indexes}
        connection.execute("VACUUM ANALYZE")
    return seconds


def portions(rows: int) -> list[tuple[int, int]]:
    """The first number of each portion of rows, and the first one after it."""
    return [(first, min(first + PORTION_ROWS, rows)) for first in range(0, rows, PORTION_ROWS)]


def timed(work: Callable[[], object]) -> float:
    """How many seconds something takes."""
    began = perf_counter()
    work()
    return round(perf_counter() - began, 1)
