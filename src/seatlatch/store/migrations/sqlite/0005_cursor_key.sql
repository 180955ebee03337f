-- The oldest seatlatch that can use this schema: 0.1.0
-- The key by which a channel's cursors are encrypted, the same for all servers. Version 0.1 issued
-- cursors in plain text; those are accepted up to plain_until, the position of the journal now, so that
-- nobody can learn a later position by trying plain ones.
CREATE TABLE cursor_key (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    cursor_key  BLOB NOT NULL CHECK (length(cursor_key) = 64),
    plain_until TEXT NOT NULL
) STRICT;
INSERT INTO cursor_key
SELECT 1, randomblob(64),
       ifnull((SELECT group_concat(chain || ':' || number, ' ') FROM journal_chains), '');
