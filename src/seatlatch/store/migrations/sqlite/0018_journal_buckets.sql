-- The oldest seatlatch that can use this schema: 0.2.0
-- Where a Request-ID is in the journal: for each 1,024 entries, once they are complete, four bytes of
-- each of their Request-IDs. It takes the place of an index, in which each entry changed a page at random.
-- Bytes 3, 4, 15 and 16 differ between Request-IDs whether those begin with a time or end with a machine.
-- A bucket without a row is searched as a whole.
CREATE TABLE journal_buckets (
    bucket      INTEGER PRIMARY KEY,
    request_ids BLOB NOT NULL
) STRICT;
INSERT INTO journal_buckets
SELECT entry_id >> 10, unhex(group_concat(
    hex(substr(request_id, 3, 2)) || hex(substr(request_id, 15, 2)), ''))
FROM journal NOT INDEXED
WHERE entry_id < (SELECT max(entry_id) >> 10 << 10 FROM journal)
GROUP BY entry_id >> 10;

-- Also if the journal is pruned, repaired, or changed by hand, nothing is missed.
CREATE TRIGGER journal_entries_removed AFTER DELETE ON journal
BEGIN DELETE FROM journal_buckets WHERE bucket = OLD.entry_id >> 10; END;
CREATE TRIGGER journal_entries_changed AFTER UPDATE OF entry_id, request_id ON journal
BEGIN DELETE FROM journal_buckets WHERE bucket IN (OLD.entry_id >> 10, NEW.entry_id >> 10); END;

DROP INDEX journal_by_request;
