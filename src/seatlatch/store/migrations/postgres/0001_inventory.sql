-- The oldest seatlatch that can use this schema: 0.1.0
-- Everything lives in a schema of its own, named in full in every statement, so that it stands
-- beside other things in one database and depends on nobody's search_path.
CREATE SCHEMA seatlatch;

CREATE TABLE seatlatch.migrations (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE seatlatch.database_use (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    database_use text NOT NULL CHECK (database_use IN ('inventory', 'sandbox'))
);

-- Who may ask: organizations, channels with their grants, applications with their secrets' hashes.

CREATE TABLE seatlatch.organizations (
    organization_id text COLLATE "C" PRIMARY KEY
        CHECK (organization_id <> '' AND strpos(organization_id, chr(31)) = 0),
    name            text NOT NULL
);

CREATE TABLE seatlatch.channels (
    channel_code text COLLATE "C" PRIMARY KEY,
    name         text NOT NULL
);

CREATE TABLE seatlatch.grants (
    channel_code    text COLLATE "C" NOT NULL REFERENCES seatlatch.channels,
    organization_id text COLLATE "C" NOT NULL REFERENCES seatlatch.organizations,
    PRIMARY KEY (channel_code, organization_id)
);

CREATE TABLE seatlatch.applications (
    application_id text COLLATE "C" PRIMARY KEY,
    channel_code   text COLLATE "C" NOT NULL REFERENCES seatlatch.channels
);

-- expires_at NULL = until revoked; revoked = in the past.
CREATE TABLE seatlatch.api_keys (
    key_hash       bytea PRIMARY KEY,
    application_id text COLLATE "C" NOT NULL REFERENCES seatlatch.applications,
    expires_at     timestamptz CHECK (isfinite(expires_at))
);

-- A code is spent when it has a family. All tokens that go back to one code are one family, and are
-- revoked together. Only the family's latest refresh token is kept: any other one that names the
-- family was used before.
CREATE TABLE seatlatch.token_families (
    family_hash    bytea PRIMARY KEY,
    application_id text COLLATE "C" NOT NULL REFERENCES seatlatch.applications,
    refresh_hash   bytea NOT NULL,
    expires_at     timestamptz NOT NULL CHECK (isfinite(expires_at))
);
CREATE INDEX token_families_by_application ON seatlatch.token_families (application_id);

CREATE TABLE seatlatch.authorization_codes (
    code_hash      bytea PRIMARY KEY,
    application_id text COLLATE "C" NOT NULL REFERENCES seatlatch.applications,
    expires_at     timestamptz NOT NULL CHECK (isfinite(expires_at)),
    family_hash    bytea
);
CREATE INDEX authorization_codes_by_application ON seatlatch.authorization_codes (application_id);

-- family_hash NULL = given by the operator, not by way of a code.
CREATE TABLE seatlatch.access_tokens (
    token_hash     bytea PRIMARY KEY,
    application_id text COLLATE "C" NOT NULL REFERENCES seatlatch.applications,
    expires_at     timestamptz CHECK (isfinite(expires_at)),
    family_hash    bytea
);
CREATE INDEX access_tokens_by_family      ON seatlatch.access_tokens (family_hash);
CREATE INDEX access_tokens_by_application ON seatlatch.access_tokens (application_id);

-- The box office's own callers.
CREATE TABLE seatlatch.operators (
    operator_name text COLLATE "C" PRIMARY KEY,
    key_hash      bytea NOT NULL UNIQUE
);

-- A running server keeps credentials in memory and asks for this number alone to learn of a
-- change. Triggers, so that a change by hand is noticed too; at the end of the transaction, so that
-- nobody holds this row while waiting for another one.
CREATE TABLE seatlatch.credentials_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL
);
INSERT INTO seatlatch.credentials_version (version) VALUES (1);

CREATE FUNCTION seatlatch.credentials_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE seatlatch.credentials_version SET version = version + 1;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER credentials_changed AFTER UPDATE ON seatlatch.channels
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seatlatch.credentials_changed();
CREATE CONSTRAINT TRIGGER credentials_changed AFTER INSERT OR UPDATE OR DELETE ON seatlatch.grants
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seatlatch.credentials_changed();
CREATE CONSTRAINT TRIGGER credentials_changed AFTER INSERT OR UPDATE OR DELETE ON seatlatch.applications
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seatlatch.credentials_changed();
CREATE CONSTRAINT TRIGGER credentials_changed AFTER INSERT OR UPDATE OR DELETE ON seatlatch.api_keys
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seatlatch.credentials_changed();
CREATE CONSTRAINT TRIGGER credentials_changed AFTER INSERT OR UPDATE OR DELETE ON seatlatch.access_tokens
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seatlatch.credentials_changed();
CREATE CONSTRAINT TRIGGER credentials_changed AFTER INSERT OR UPDATE OR DELETE ON seatlatch.operators
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seatlatch.credentials_changed();

-- The inventory. A ticket stands alone: its token is its only key, no foreign key leads to or from
-- it, and no sequence numbers it, so that the table can be spread over many machines by token.
-- Nothing that a lock, unlock, hold or void changes is indexed, and every page keeps room: so a
-- changed row stays in its page and no index is touched (a HOT update).
-- The listing lives and dies with mpreserve. Prices are exact decimals. seller is a JSON object with
-- personal data, which must not outlive the listing. From hold_expires_at on, a seat status of LOCK
-- counts as UNLOCK; NULL = until it is released. revision counts the ticket's changes.
CREATE TABLE seatlatch.tickets (
    token               text COLLATE "C" PRIMARY KEY,
    organization_id     text COLLATE "C" NOT NULL
        CHECK (organization_id <> '' AND strpos(organization_id, chr(31)) = 0),
    owner_id            text NOT NULL,
    access_id           text COLLATE "C",
    section             text,
    "row"               text,
    seat                text,
    barcode             text COLLATE "C",
    voided              boolean NOT NULL DEFAULT false,
    seat_status         text NOT NULL DEFAULT 'UNLOCK' CHECK (seat_status IN ('LOCK', 'UNLOCK')),
    hold_reason         text,
    hold_expires_at     timestamptz CHECK (isfinite(hold_expires_at)),
    mpreserve           boolean NOT NULL DEFAULT false,
    mpreserve_channel   text COLLATE "C",
    listing_source      text,
    external_listing_id text,
    total_price         numeric,
    individual_price    numeric,
    seller              text,
    revision            bigint NOT NULL DEFAULT 1,
    CONSTRAINT mpreserve_has_its_channel CHECK (mpreserve = (mpreserve_channel IS NOT NULL)),
    CONSTRAINT listing_needs_mpreserve CHECK (mpreserve OR num_nonnulls(
        listing_source, external_listing_id, total_price, individual_price, seller) = 0),
    CONSTRAINT hold_needs_lock
        CHECK (seat_status = 'LOCK' OR num_nonnulls(hold_reason, hold_expires_at) = 0)
) WITH (fillfactor = 70);

-- How a person finds a ticket that is not named by its token.
CREATE INDEX tickets_by_event   ON seatlatch.tickets (organization_id, coalesce(access_id, ''), token);
CREATE INDEX tickets_by_barcode ON seatlatch.tickets (access_id, barcode) WHERE barcode IS NOT NULL;
