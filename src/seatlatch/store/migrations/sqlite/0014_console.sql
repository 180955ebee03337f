-- The oldest seatlatch that can use this schema: 0.2.0
-- Sessions of the console: of an operator, or of a partner who sees one channel. A session ends with
-- the key that it began with; a session without one began by single sign-on.
CREATE TABLE console_sessions (
    session_hash  BLOB PRIMARY KEY,
    operator_name TEXT REFERENCES operators ON DELETE CASCADE,
    key_hash      BLOB REFERENCES operator_keys ON DELETE CASCADE,
    channel_code  TEXT REFERENCES channels ON DELETE CASCADE,
    created_at    TEXT NOT NULL,
    expires_at    TEXT NOT NULL,
    CHECK ((operator_name IS NULL) <> (channel_code IS NULL)),
    CHECK (key_hash IS NULL OR operator_name IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX console_sessions_by_expiry ON console_sessions (expires_at);
CREATE INDEX console_sessions_by_operator ON console_sessions (operator_name);
CREATE INDEX console_sessions_by_key ON console_sessions (key_hash);
CREATE INDEX console_sessions_by_channel ON console_sessions (channel_code);

-- Links for partners. Each can be opened once.
CREATE TABLE console_links (
    link_hash    BLOB PRIMARY KEY,
    channel_code TEXT NOT NULL REFERENCES channels ON DELETE CASCADE,
    created_by   TEXT NOT NULL,
    expires_at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX console_links_by_expiry ON console_links (expires_at);
CREATE INDEX console_links_by_channel ON console_links (channel_code);
