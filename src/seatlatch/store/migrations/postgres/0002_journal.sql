-- The oldest seatlatch that can use this schema: 0.1.0
-- The journal: one row a request, each with the hash of itself and of the row before it in its
-- chain. An entry's id is its chain << 36 | its number there; of transactions that run at once each
-- has a chain to itself. entry is JSON: who asked for what, and what became of each ticket.
-- position is taken after the tickets, so that of two entries about a ticket the later change has
-- the higher one. The entries of one transaction share theirs.
CREATE TABLE seatlatch.journal (
    entry_id   bigint PRIMARY KEY,
    position   bigint NOT NULL,
    moment     timestamptz NOT NULL,
    request_id uuid NOT NULL,
    entry      text NOT NULL,
    hash       bytea NOT NULL
) WITH (toast_tuple_target = 8160);

-- Request-IDs come by chance, so an index of them all would be touched all over. By thousands of
-- entries at a time it grows at its end; whoever looks for one asks each of those thousands.
CREATE INDEX journal_by_request ON seatlatch.journal ((entry_id >> 16), request_id);

CREATE SEQUENCE seatlatch.journal_positions;

-- Where each chain ends, and up to where it was pruned.
CREATE TABLE seatlatch.journal_chains (
    chain         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number        bigint NOT NULL DEFAULT 0,
    hash          bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    pruned_number bigint NOT NULL DEFAULT 0,
    pruned_hash   bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    used_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Tells this journal from every other, so that a cursor of another one is not taken for one of ours.
CREATE TABLE seatlatch.journal_key (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    journal_key text NOT NULL
);
INSERT INTO seatlatch.journal_key (journal_key) VALUES (left(replace(gen_random_uuid()::text, '-', ''), 16));

-- A ticket leads to the entry of its latest change, and each entry to the one before it; 0 = none.
ALTER TABLE seatlatch.tickets ADD COLUMN entry_id          bigint NOT NULL DEFAULT 0;
ALTER TABLE seatlatch.tickets ADD COLUMN previous_entry_id bigint NOT NULL DEFAULT 0;
