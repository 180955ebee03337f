-- The oldest seatlatch that can use this schema: 0.2.0
-- Events: performances to which tickets admit. A ticket names its event by organization and access id,
-- and either of the two may be added first, so nothing refers to an event. starts_at and ends_at are
-- RFC 3339 with the offset of the event's place. change_number counts the changes of all events, and
-- request_id is the request of the latest change.
CREATE TABLE events (
    organization_id TEXT NOT NULL REFERENCES organizations ON DELETE CASCADE,
    access_id       TEXT NOT NULL CHECK (access_id <> ''),
    item_name       TEXT,
    season_code     TEXT,
    item_code       TEXT,
    starts_at       TEXT,
    ends_at         TEXT,
    facility_code   TEXT,
    facility_name   TEXT,
    change_number   INTEGER NOT NULL UNIQUE,
    request_id      TEXT NOT NULL,
    PRIMARY KEY (organization_id, access_id)
) STRICT, WITHOUT ROWID;

-- The number of the last change of any event. A transaction that changes events locks this row first,
-- so numbers become visible in their order.
CREATE TABLE event_changes (
    only_row      INTEGER PRIMARY KEY CHECK (only_row = 1),
    change_number INTEGER NOT NULL
) STRICT;
INSERT INTO event_changes VALUES (1, 0);

-- How far the changes of events have been made into messages for an endpoint.
ALTER TABLE webhooks ADD COLUMN event_change_number INTEGER NOT NULL DEFAULT 0;
