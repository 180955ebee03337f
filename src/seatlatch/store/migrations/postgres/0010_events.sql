-- The oldest seatlatch that can use this schema: 0.2.0
-- Events: performances to which tickets admit. A ticket names its event by organization and access id,
-- and either of the two may be added first, so nothing refers to an event. starts_at and ends_at are
-- RFC 3339 with the offset of the event's place. change_number counts the changes of all events, and
-- request_id is the request of the latest change.
CREATE TABLE seatlatch.events (
    organization_id text COLLATE "C" NOT NULL
        REFERENCES seatlatch.organizations ON DELETE CASCADE,
    access_id       text COLLATE "C" NOT NULL CHECK (access_id <> ''),
    item_name       text,
    season_code     text,
    item_code       text,
    starts_at       text,
    ends_at         text,
    facility_code   text,
    facility_name   text,
    change_number   bigint NOT NULL UNIQUE,
    request_id      text NOT NULL,
    PRIMARY KEY (organization_id, access_id)
);

-- The number of the last change of any event. A transaction that changes events locks this row first,
-- so numbers become visible in their order.
CREATE TABLE seatlatch.event_changes (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    change_number bigint NOT NULL
);
INSERT INTO seatlatch.event_changes (change_number) VALUES (0);

-- How far the changes of events have been made into messages for an endpoint.
ALTER TABLE seatlatch.webhooks ADD COLUMN event_change_number bigint NOT NULL DEFAULT 0;
