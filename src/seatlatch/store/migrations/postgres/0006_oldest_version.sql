-- The oldest seatlatch that can use this schema: 0.1.0
-- The oldest seatlatch that can use the schema after a migration, so that one which does not know the
-- migration learns whether it may serve. Recorded for the last one of those applied together.
ALTER TABLE seatlatch.migrations
    ADD COLUMN oldest_version text CHECK (oldest_version ~ '^[0-9]+[.][0-9]+[.][0-9]+$');
