-- The oldest seatlatch that can use this schema: 0.2.0
-- Sessions of the console: of an operator, or of a partner who sees one channel. A session ends with
-- the key that it began with; a session without one began by single sign-on.
CREATE TABLE seatlatch.console_sessions (
    session_hash  bytea PRIMARY KEY,
    operator_name text COLLATE "C" REFERENCES seatlatch.operators ON DELETE CASCADE,
    key_hash      bytea REFERENCES seatlatch.operator_keys ON DELETE CASCADE,
    channel_code  text COLLATE "C" REFERENCES seatlatch.channels ON DELETE CASCADE,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    CHECK ((operator_name IS NULL) <> (channel_code IS NULL)),
    CHECK (key_hash IS NULL OR operator_name IS NOT NULL)
);
CREATE INDEX console_sessions_by_expiry ON seatlatch.console_sessions (expires_at);
CREATE INDEX console_sessions_by_operator ON seatlatch.console_sessions (operator_name);
CREATE INDEX console_sessions_by_key ON seatlatch.console_sessions (key_hash);
CREATE INDEX console_sessions_by_channel ON seatlatch.console_sessions (channel_code);

-- Links for partners. Each can be opened once.
CREATE TABLE seatlatch.console_links (
    link_hash    bytea PRIMARY KEY,
    channel_code text COLLATE "C" NOT NULL REFERENCES seatlatch.channels ON DELETE CASCADE,
    created_by   text NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX console_links_by_expiry ON seatlatch.console_links (expires_at);
CREATE INDEX console_links_by_channel ON seatlatch.console_links (channel_code);
