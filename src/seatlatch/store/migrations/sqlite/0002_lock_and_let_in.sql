-- The oldest seatlatch that can use this schema: 0.1.0
-- What a lock keeps, holds that free themselves, and how callers get and renew their tokens.

-- How a person finds a ticket that is not named by its token.
ALTER TABLE tickets ADD COLUMN barcode TEXT;
CREATE INDEX tickets_by_event   ON tickets (organization_id, ifnull(access_id, ''));
CREATE INDEX tickets_by_barcode ON tickets (access_id, barcode) WHERE barcode IS NOT NULL;

-- The listing lives and dies with mpreserve. Prices are exact decimals as text. seller is a JSON
-- object with personal data, which must not outlive the listing.
ALTER TABLE tickets ADD COLUMN listing_source      TEXT;
ALTER TABLE tickets ADD COLUMN external_listing_id TEXT;
ALTER TABLE tickets ADD COLUMN total_price         TEXT;
ALTER TABLE tickets ADD COLUMN individual_price    TEXT;
ALTER TABLE tickets ADD COLUMN seller              TEXT
    CONSTRAINT listing_needs_mpreserve CHECK (mpreserve = 1 OR coalesce(
        listing_source, external_listing_id, total_price, individual_price, seller) IS NULL);

-- From hold_expires_at on, a seat status of LOCK counts as UNLOCK; NULL = until it is released.
ALTER TABLE tickets ADD COLUMN hold_reason     TEXT;
ALTER TABLE tickets ADD COLUMN hold_expires_at TEXT
    CONSTRAINT hold_needs_lock
        CHECK (seat_status = 'LOCK' OR coalesce(hold_reason, hold_expires_at) IS NULL)
    CONSTRAINT hold_expires_at_is_utc
        CHECK (hold_expires_at IS NULL
            OR (hold_expires_at GLOB '????-??-??T??:??:??.??????+00:00'
                AND datetime(hold_expires_at) NOT NULL));

-- A code is spent when it has a family. All tokens that go back to one code are one family, and are
-- revoked together. Only the family's latest refresh token is kept: any other one that names the
-- family was used before.
CREATE TABLE token_families (
    family_hash    BLOB PRIMARY KEY,
    application_id TEXT NOT NULL REFERENCES applications,
    refresh_hash   BLOB NOT NULL,
    expires_at     TEXT NOT NULL
        CHECK (expires_at GLOB '????-??-??T??:??:??.??????+00:00' AND datetime(expires_at) NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE authorization_codes (
    code_hash      BLOB PRIMARY KEY,
    application_id TEXT NOT NULL REFERENCES applications,
    expires_at     TEXT NOT NULL
        CHECK (expires_at GLOB '????-??-??T??:??:??.??????+00:00' AND datetime(expires_at) NOT NULL),
    family_hash    BLOB
) STRICT, WITHOUT ROWID;

-- NULL = given by the operator, not by way of a code.
ALTER TABLE access_tokens ADD COLUMN family_hash BLOB;

CREATE INDEX access_tokens_by_family            ON access_tokens (family_hash);
CREATE INDEX access_tokens_by_application       ON access_tokens (application_id);
CREATE INDEX token_families_by_application      ON token_families (application_id);
CREATE INDEX authorization_codes_by_application ON authorization_codes (application_id);

-- The box office's own callers.
CREATE TABLE operators (
    operator_name TEXT PRIMARY KEY,
    key_hash      BLOB NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TRIGGER operators_added   AFTER INSERT ON operators BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER operators_changed AFTER UPDATE ON operators BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER operators_removed AFTER DELETE ON operators BEGIN UPDATE credentials_version SET version = version + 1; END;
