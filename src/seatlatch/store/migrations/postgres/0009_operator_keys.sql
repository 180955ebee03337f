-- The oldest seatlatch that can use this schema: 0.2.0
-- An operator has one role and any number of keys. organizations is a JSON array of those that it may
-- see; NULL = all. The keys of 0.1 could do everything that HTTP offered, which is the role box_office.
ALTER TABLE seatlatch.operators
    ADD COLUMN role text NOT NULL DEFAULT 'box_office'
        CHECK (role IN ('read', 'support', 'box_office', 'admin')),
    ADD COLUMN organizations text;

CREATE TABLE seatlatch.operator_keys (
    key_hash      bytea PRIMARY KEY,
    operator_name text COLLATE "C" NOT NULL REFERENCES seatlatch.operators,
    created_at    timestamptz,
    expires_at    timestamptz CHECK (isfinite(expires_at)),
    last_used_at  timestamptz
);
CREATE INDEX operator_keys_by_operator ON seatlatch.operator_keys (operator_name);
INSERT INTO seatlatch.operator_keys (key_hash, operator_name)
SELECT key_hash, operator_name FROM seatlatch.operators;
ALTER TABLE seatlatch.operators DROP COLUMN key_hash;

-- Not for last_used_at, which servers need not read again.
CREATE CONSTRAINT TRIGGER credentials_changed
    AFTER INSERT OR UPDATE OF key_hash, operator_name, expires_at OR DELETE ON seatlatch.operator_keys
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seatlatch.credentials_changed();
