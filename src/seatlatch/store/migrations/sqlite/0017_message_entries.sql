-- The oldest seatlatch that can use this schema: 0.2.0
-- The entry of the journal that a message is about, so that a ticket's page can show how its changes
-- were delivered. NULL = a message about events or a test, or one of an earlier version.
ALTER TABLE webhook_messages ADD COLUMN entry_id INTEGER;
CREATE INDEX webhook_messages_by_entry ON webhook_messages (entry_id) WHERE entry_id IS NOT NULL;
