-- The oldest seatlatch that can use this schema: 0.1.0
-- Who may ask: organizations, channels with their grants, applications with their secrets' hashes.

CREATE TABLE database_use (
    only_row     INTEGER PRIMARY KEY CHECK (only_row = 1),
    database_use TEXT NOT NULL CHECK (database_use IN ('inventory', 'sandbox'))
) STRICT;

CREATE TABLE organizations (
    organization_id TEXT PRIMARY KEY
        CHECK (organization_id <> '' AND instr(organization_id, char(31)) = 0),
    name            TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE channels (
    channel_code TEXT PRIMARY KEY,
    name         TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    channel_code    TEXT NOT NULL REFERENCES channels,
    organization_id TEXT NOT NULL REFERENCES organizations,
    PRIMARY KEY (channel_code, organization_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE applications (
    application_id TEXT PRIMARY KEY,
    channel_code   TEXT NOT NULL REFERENCES channels
) STRICT, WITHOUT ROWID;

-- expires_at is UTC, ISO 8601 with microseconds; NULL = until revoked; revoked = in the past.
CREATE TABLE api_keys (
    key_hash       BLOB PRIMARY KEY,
    application_id TEXT NOT NULL REFERENCES applications,
    expires_at     TEXT
        CHECK (expires_at IS NULL OR (expires_at GLOB '????-??-??T??:??:??.??????+00:00'
                                      AND datetime(expires_at) NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE access_tokens (
    token_hash     BLOB PRIMARY KEY,
    application_id TEXT NOT NULL REFERENCES applications,
    expires_at     TEXT
        CHECK (expires_at IS NULL OR (expires_at GLOB '????-??-??T??:??:??.??????+00:00'
                                      AND datetime(expires_at) NOT NULL))
) STRICT, WITHOUT ROWID;

-- A running server keeps credentials in memory and asks for this number alone to learn of a
-- change. Triggers, so that a change by hand is noticed too.
CREATE TABLE credentials_version (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    version  INTEGER NOT NULL
) STRICT;
INSERT INTO credentials_version VALUES (1, 1);

CREATE TRIGGER channels_changed     AFTER UPDATE ON channels      BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER grants_added         AFTER INSERT ON grants        BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER grants_changed       AFTER UPDATE ON grants        BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER grants_removed       AFTER DELETE ON grants        BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER applications_added   AFTER INSERT ON applications  BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER applications_changed AFTER UPDATE ON applications  BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER applications_removed AFTER DELETE ON applications  BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER api_keys_added       AFTER INSERT ON api_keys      BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER api_keys_changed     AFTER UPDATE ON api_keys      BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER api_keys_removed     AFTER DELETE ON api_keys      BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER access_tokens_added   AFTER INSERT ON access_tokens BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER access_tokens_changed AFTER UPDATE ON access_tokens BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER access_tokens_removed AFTER DELETE ON access_tokens BEGIN UPDATE credentials_version SET version = version + 1; END;

-- The inventory. One B-tree, by token: an unlock touches one page per ticket. No index on what an
-- unlock changes, and no foreign key: a ticket stands alone. revision counts the ticket's changes.
CREATE TABLE tickets (
    token             TEXT PRIMARY KEY,
    organization_id   TEXT NOT NULL
        CHECK (organization_id <> '' AND instr(organization_id, char(31)) = 0),
    owner_id          TEXT NOT NULL,
    access_id         TEXT,
    section           TEXT,
    "row"             TEXT,
    seat              TEXT,
    voided            INTEGER NOT NULL DEFAULT 0 CHECK (voided IN (0, 1)),
    seat_status       TEXT NOT NULL DEFAULT 'UNLOCK' CHECK (seat_status IN ('LOCK', 'UNLOCK')),
    mpreserve         INTEGER NOT NULL DEFAULT 0 CHECK (mpreserve IN (0, 1)),
    mpreserve_channel TEXT,
    revision          INTEGER NOT NULL DEFAULT 1,
    -- mpreserve is set by somebody or not set: no holder is left behind, none is missing.
    CONSTRAINT mpreserve_has_its_channel CHECK ((mpreserve = 1) = (mpreserve_channel IS NOT NULL))
) STRICT, WITHOUT ROWID;
