-- The oldest seatlatch that can use this schema: 0.2.0
-- The listing of a lock request, which its entry names too: so that requests are found by a listing
-- after it has ended. By a thousand entries at a time, as the index by Request-ID.
ALTER TABLE journal ADD COLUMN listing TEXT;
CREATE INDEX journal_by_listing ON journal (entry_id >> 10, listing) WHERE listing IS NOT NULL;

-- The client addresses of requests: personal data, which is erased while the journal stays. So they
-- are outside the journal and its hashes. One row for each transaction, whose entries have consecutive
-- ids: addresses is a JSON array with the address of each entry from first_entry_id on, or null; a
-- number refers to the element with this index.
CREATE TABLE client_addresses (
    first_entry_id INTEGER PRIMARY KEY,
    recorded_at    TEXT NOT NULL
        CHECK (recorded_at GLOB '????-??-??T??:??:??.??????+00:00' AND datetime(recorded_at) NOT NULL),
    addresses      TEXT NOT NULL
) STRICT;
