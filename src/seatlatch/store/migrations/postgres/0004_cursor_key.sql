-- The oldest seatlatch that can use this schema: 0.1.0
-- The key by which a channel's cursors are encrypted, the same for all servers. Version 0.1 issued
-- cursors in plain text; those are accepted up to plain_until, the position of the journal now, so that
-- nobody can learn a later position by trying plain ones.
CREATE TABLE seatlatch.cursor_key (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    cursor_key  bytea NOT NULL CHECK (octet_length(cursor_key) = 64),
    plain_until text NOT NULL
);
INSERT INTO seatlatch.cursor_key (cursor_key, plain_until)
SELECT sha512(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text
                         || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')),
       coalesce((SELECT string_agg(chain || ':' || number, ' ' ORDER BY chain)
                 FROM seatlatch.journal_chains), '');
