-- The oldest seatlatch that can use this schema: 0.2.0
-- The listing of a lock request, which its entry names too: so that requests are found by a listing
-- after it has ended. By thousands of entries at a time, as the index by Request-ID; with the entry's
-- id, so that the latest are found without reading all.
ALTER TABLE seatlatch.journal ADD COLUMN listing text COLLATE "C";
CREATE INDEX journal_by_listing ON seatlatch.journal ((entry_id >> 16), listing, entry_id)
    WHERE listing IS NOT NULL;

-- The client addresses of requests: personal data, which is erased while the journal stays. So they
-- are outside the journal and its hashes. One row for each transaction, whose entries have consecutive
-- ids: addresses is a JSON array with the address of each entry from first_entry_id on, or null; a
-- number refers to the element with this index.
CREATE TABLE seatlatch.client_addresses (
    first_entry_id bigint PRIMARY KEY,
    recorded_at    timestamptz NOT NULL CHECK (isfinite(recorded_at)),
    addresses      text NOT NULL
);
