-- The oldest seatlatch that can use this schema: 0.2.0
-- Finished verifications of the journal. entries: how many intact rows there were. tampered is JSON,
-- the first damaged row of each chain; damaged_chains also counts those that it leaves out.
-- anchored_at: the timestamp of the anchor that the journal was compared with; NULL = none.
CREATE TABLE seatlatch.journal_verifications (
    verification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at      timestamptz NOT NULL,
    finished_at     timestamptz NOT NULL,
    actor           text NOT NULL,
    entries         bigint NOT NULL,
    damaged_chains  bigint NOT NULL,
    tampered        text NOT NULL,
    anchored_at     timestamptz
);
CREATE INDEX journal_verifications_by_time ON seatlatch.journal_verifications (finished_at, verification_id);
