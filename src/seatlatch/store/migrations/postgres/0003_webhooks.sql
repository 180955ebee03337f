-- The oldest seatlatch that can use this schema: 0.1.0
-- Webhooks: where channels want to be told of their seats, and what waits to be sent. A secret is
-- readable, for it signs. position says up to where the journal was looked through; only who has
-- the lease moves it, together with the messages that come of it.
CREATE TABLE seatlatch.webhooks (
    webhook_id         text COLLATE "C" PRIMARY KEY,
    channel_code       text COLLATE "C" NOT NULL REFERENCES seatlatch.channels,
    url                text NOT NULL,
    own_changes        boolean NOT NULL,
    created_at         timestamptz NOT NULL,
    state              text NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
    reason             text,
    secret             text NOT NULL,
    old_secret         text,
    old_secret_ends_at timestamptz,
    position           text NOT NULL,
    lease_holder       text,
    lease_ends_at      timestamptz
);
CREATE INDEX webhooks_by_channel ON seatlatch.webhooks (channel_code);

-- An endpoint's messages in the order in which they were made: those of one endpoint are made by
-- one transaction after the other. tokens is a JSON array.
CREATE TABLE seatlatch.webhook_messages (
    number           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id       text COLLATE "C" NOT NULL UNIQUE,
    webhook_id       text COLLATE "C" NOT NULL REFERENCES seatlatch.webhooks,
    tokens           text NOT NULL,
    body             text NOT NULL,
    created_at       timestamptz NOT NULL,
    state            text NOT NULL CHECK (state IN ('pending', 'delivered', 'given_up')),
    attempts         integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz,
    attempted_at     timestamptz,
    due_at           timestamptz NOT NULL,
    status           integer,
    problem          text
);
CREATE INDEX webhook_messages_pending  ON seatlatch.webhook_messages (webhook_id, number) WHERE state = 'pending';
CREATE INDEX webhook_messages_ended    ON seatlatch.webhook_messages (webhook_id, attempted_at) WHERE state <> 'pending';
CREATE INDEX webhook_messages_in_order ON seatlatch.webhook_messages (webhook_id, number);
