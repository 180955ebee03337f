-- The oldest seatlatch that can use this schema: 0.2.0
-- What support needs to find out why messages do not arrive. failing_since and problem: since when
-- every attempt to an endpoint has failed, and why the latest one did; NULL = it has not.
ALTER TABLE webhooks ADD COLUMN failing_since TEXT;
ALTER TABLE webhooks ADD COLUMN problem TEXT
    CONSTRAINT webhooks_failing CHECK ((failing_since IS NULL) = (problem IS NULL));

-- entity is the kind of a message's content. response_body and milliseconds are of the latest
-- attempt: the first bytes of the response's body, and how long the attempt took.
ALTER TABLE webhook_messages ADD COLUMN entity TEXT NOT NULL DEFAULT 'seats';
ALTER TABLE webhook_messages ADD COLUMN response_body BLOB;
ALTER TABLE webhook_messages ADD COLUMN milliseconds INTEGER;

-- The index by attempt also has the messages that wait for another attempt, and the state, so that
-- it alone says how many of an endpoint's latest messages were accepted.
DROP INDEX webhook_messages_ended;
CREATE INDEX webhook_messages_attempted ON webhook_messages (webhook_id, attempted_at, state) WHERE attempted_at IS NOT NULL;
CREATE INDEX webhook_messages_failed    ON webhook_messages (webhook_id, number) WHERE problem IS NOT NULL;
CREATE INDEX webhook_messages_tests     ON webhook_messages (webhook_id, entity, state) WHERE entity = 'test';
