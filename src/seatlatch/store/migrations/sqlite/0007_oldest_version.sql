-- The oldest seatlatch that can use this schema: 0.1.0
-- The oldest seatlatch that can use the schema after a migration, so that one which does not know the
-- migration learns whether it may serve. Recorded for the last one of those applied together.
CREATE TABLE schema_compatibility (
    number         INTEGER PRIMARY KEY,
    oldest_version TEXT NOT NULL CHECK (oldest_version GLOB '[0-9]*.[0-9]*.[0-9]*')
) STRICT;
