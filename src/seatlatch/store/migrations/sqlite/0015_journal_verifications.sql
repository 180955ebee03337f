-- The oldest seatlatch that can use this schema: 0.2.0
-- Finished verifications of the journal. entries: how many intact rows there were. tampered is JSON,
-- the first damaged row of each chain; damaged_chains also counts those that it leaves out.
-- anchored_at: the timestamp of the anchor that the journal was compared with; NULL = none.
CREATE TABLE journal_verifications (
    verification_id INTEGER PRIMARY KEY,
    started_at      TEXT NOT NULL,
    finished_at     TEXT NOT NULL,
    actor           TEXT NOT NULL,
    entries         INTEGER NOT NULL,
    damaged_chains  INTEGER NOT NULL,
    tampered        TEXT NOT NULL,
    anchored_at     TEXT
) STRICT;
CREATE INDEX journal_verifications_by_time ON journal_verifications (finished_at, verification_id);
