-- The oldest seatlatch that can use this schema: 0.2.0
-- Since when an API key exists, and when it was last used; NULL = not known, and never used.
ALTER TABLE seatlatch.api_keys ADD COLUMN created_at timestamptz;
ALTER TABLE seatlatch.api_keys ADD COLUMN last_used_at timestamptz;

-- Not for last_used_at, which servers need not read again.
DROP TRIGGER credentials_changed ON seatlatch.api_keys;
CREATE CONSTRAINT TRIGGER credentials_changed
    AFTER INSERT OR UPDATE OF key_hash, application_id, expires_at OR DELETE ON seatlatch.api_keys
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seatlatch.credentials_changed();
