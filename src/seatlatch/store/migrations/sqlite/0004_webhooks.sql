-- The oldest seatlatch that can use this schema: 0.1.0
-- Webhooks: where channels want to be told of their seats, and what waits to be sent. A secret is
-- readable, for it signs. position says up to where the journal was looked through; only who has
-- the lease moves it, together with the messages that come of it.
CREATE TABLE webhooks (
    webhook_id         TEXT PRIMARY KEY,
    channel_code       TEXT NOT NULL REFERENCES channels,
    url                TEXT NOT NULL,
    own_changes        INTEGER NOT NULL CHECK (own_changes IN (0, 1)),
    created_at         TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
    reason             TEXT,
    secret             TEXT NOT NULL,
    old_secret         TEXT,
    old_secret_ends_at TEXT,
    position           TEXT NOT NULL,
    lease_holder       TEXT,
    lease_ends_at      TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_by_channel ON webhooks (channel_code);

-- An endpoint's messages in the order in which they were made. tokens is a JSON array.
CREATE TABLE webhook_messages (
    number           INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id       TEXT NOT NULL UNIQUE,
    webhook_id       TEXT NOT NULL REFERENCES webhooks,
    tokens           TEXT NOT NULL,
    body             TEXT NOT NULL,
    created_at       TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'given_up')),
    attempts         INTEGER NOT NULL DEFAULT 0,
    first_attempt_at TEXT,
    attempted_at     TEXT,
    due_at           TEXT NOT NULL,
    status           INTEGER,
    problem          TEXT
) STRICT;
CREATE INDEX webhook_messages_pending  ON webhook_messages (webhook_id, number) WHERE state = 'pending';
CREATE INDEX webhook_messages_ended    ON webhook_messages (webhook_id, attempted_at) WHERE state <> 'pending';
CREATE INDEX webhook_messages_in_order ON webhook_messages (webhook_id, number);
