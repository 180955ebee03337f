-- The oldest seatlatch that can use this schema: 0.1.0
-- The journal: one row a request, each with the hash of itself and of the row before it. An entry's
-- id is its chain << 36 | its number there; here there is only one chain, for there is one writer.
-- entry is JSON: who asked for what, and what became of each ticket. moment is in microseconds since
-- 1970, UTC.
CREATE TABLE journal (
    entry_id   INTEGER PRIMARY KEY,
    moment     INTEGER NOT NULL,
    request_id BLOB NOT NULL,
    entry      TEXT NOT NULL,
    hash       BLOB NOT NULL
) STRICT;

-- Request-IDs come by chance, so an index of them all would be touched all over. By a
-- thousand entries at a time it grows at its end; whoever looks for one asks each of those. Two
-- bytes tell nearly all of them apart, and more fit on a page.
CREATE INDEX journal_by_request ON journal (entry_id >> 10, substr(request_id, 1, 2));

-- Where each chain ends, and up to where it was pruned.
CREATE TABLE journal_chains (
    chain         INTEGER PRIMARY KEY,
    number        INTEGER NOT NULL,
    hash          BLOB NOT NULL,
    pruned_number INTEGER NOT NULL,
    pruned_hash   BLOB NOT NULL
) STRICT;
INSERT INTO journal_chains VALUES (1, 0, zeroblob(32), 0, zeroblob(32));

-- Tells this journal from every other, so that a cursor of another one is not taken for one of ours.
CREATE TABLE journal_key (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    journal_key TEXT NOT NULL
) STRICT;
INSERT INTO journal_key VALUES (1, lower(hex(randomblob(8))));

-- A ticket leads to the entry of its latest change, and each entry to the one before it; number 0 of
-- the chain = none. So a new ticket's row has the size that it will have, and no page is split when
-- it is changed for the first time.
ALTER TABLE tickets ADD COLUMN entry_id          INTEGER NOT NULL DEFAULT 68719476736;
ALTER TABLE tickets ADD COLUMN previous_entry_id INTEGER NOT NULL DEFAULT 68719476736;
