-- The oldest seatlatch that can use this schema: 0.2.0
-- Since when an API key exists, and when it was last used; NULL = not known, and never used.
ALTER TABLE api_keys ADD COLUMN created_at TEXT;
ALTER TABLE api_keys ADD COLUMN last_used_at TEXT;

-- Not for last_used_at, which servers need not read again.
DROP TRIGGER api_keys_changed;
CREATE TRIGGER api_keys_changed AFTER UPDATE OF key_hash, application_id, expires_at ON api_keys
    BEGIN UPDATE credentials_version SET version = version + 1; END;
