-- The oldest seatlatch that can use this schema: 0.2.0
-- The latest changes of credentials, so that a server with an earlier version reads only what has changed
-- since. Each change has a version of its own and names the one whose credentials must be read again. Its
-- mark is random: after the restore of a backup the same versions are given out again, with other marks.
CREATE TABLE credential_changes (
    version        INTEGER PRIMARY KEY,
    mark           TEXT NOT NULL DEFAULT (hex(randomblob(16))),
    channel_code   TEXT,
    application_id TEXT,
    operator_name  TEXT,
    token_hash     BLOB,
    CONSTRAINT names_one CHECK ((channel_code IS NOT NULL) + (application_id IS NOT NULL)
        + (operator_name IS NOT NULL) + (token_hash IS NOT NULL) <= 1)
) STRICT;
INSERT INTO credential_changes (version) SELECT version FROM credentials_version;

-- Only the last 2,000 changes are kept: after more, all credentials are read. A few versions are pruned at
-- once, in case some were skipped by hand.
CREATE TRIGGER credential_changes_noted AFTER INSERT ON credential_changes
BEGIN
    UPDATE credentials_version SET version = NEW.version;
    DELETE FROM credential_changes WHERE version BETWEEN NEW.version - 2010 AND NEW.version - 2000;
END;

-- An update is a change of what the row said before, and of what it says now.
DROP TRIGGER channels_changed;
DROP TRIGGER grants_added;
DROP TRIGGER grants_changed;
DROP TRIGGER grants_removed;
DROP TRIGGER applications_added;
DROP TRIGGER applications_changed;
DROP TRIGGER applications_removed;
DROP TRIGGER api_keys_added;
DROP TRIGGER api_keys_changed;
DROP TRIGGER api_keys_removed;
DROP TRIGGER access_tokens_added;
DROP TRIGGER access_tokens_changed;
DROP TRIGGER access_tokens_removed;
DROP TRIGGER operators_added;
DROP TRIGGER operators_changed;
DROP TRIGGER operators_removed;
DROP TRIGGER operator_keys_added;
DROP TRIGGER operator_keys_changed;
DROP TRIGGER operator_keys_removed;

CREATE TRIGGER channels_changed AFTER UPDATE ON channels
BEGIN
    INSERT INTO credential_changes (version, channel_code)
    SELECT version + 1, OLD.channel_code FROM credentials_version;
    INSERT INTO credential_changes (version, channel_code)
    SELECT version + 1, NEW.channel_code FROM credentials_version;
END;

CREATE TRIGGER grants_added AFTER INSERT ON grants
BEGIN
    INSERT INTO credential_changes (version, channel_code)
    SELECT version + 1, NEW.channel_code FROM credentials_version;
END;
CREATE TRIGGER grants_changed AFTER UPDATE ON grants
BEGIN
    INSERT INTO credential_changes (version, channel_code)
    SELECT version + 1, OLD.channel_code FROM credentials_version;
    INSERT INTO credential_changes (version, channel_code)
    SELECT version + 1, NEW.channel_code FROM credentials_version;
END;
CREATE TRIGGER grants_removed AFTER DELETE ON grants
BEGIN
    INSERT INTO credential_changes (version, channel_code)
    SELECT version + 1, OLD.channel_code FROM credentials_version;
END;

CREATE TRIGGER applications_added AFTER INSERT ON applications
BEGIN
    INSERT INTO credential_changes (version, application_id)
    SELECT version + 1, NEW.application_id FROM credentials_version;
END;
CREATE TRIGGER applications_changed AFTER UPDATE ON applications
BEGIN
    INSERT INTO credential_changes (version, application_id)
    SELECT version + 1, OLD.application_id FROM credentials_version;
    INSERT INTO credential_changes (version, application_id)
    SELECT version + 1, NEW.application_id FROM credentials_version;
END;
CREATE TRIGGER applications_removed AFTER DELETE ON applications
BEGIN
    INSERT INTO credential_changes (version, application_id)
    SELECT version + 1, OLD.application_id FROM credentials_version;
END;

CREATE TRIGGER api_keys_added AFTER INSERT ON api_keys
BEGIN
    INSERT INTO credential_changes (version, application_id)
    SELECT version + 1, NEW.application_id FROM credentials_version;
END;
CREATE TRIGGER api_keys_changed AFTER UPDATE OF key_hash, application_id, expires_at ON api_keys
BEGIN
    INSERT INTO credential_changes (version, application_id)
    SELECT version + 1, OLD.application_id FROM credentials_version;
    INSERT INTO credential_changes (version, application_id)
    SELECT version + 1, NEW.application_id FROM credentials_version;
END;
CREATE TRIGGER api_keys_removed AFTER DELETE ON api_keys
BEGIN
    INSERT INTO credential_changes (version, application_id)
    SELECT version + 1, OLD.application_id FROM credentials_version;
END;

CREATE TRIGGER access_tokens_added AFTER INSERT ON access_tokens
BEGIN
    INSERT INTO credential_changes (version, token_hash)
    SELECT version + 1, NEW.token_hash FROM credentials_version;
END;
CREATE TRIGGER access_tokens_changed AFTER UPDATE ON access_tokens
BEGIN
    INSERT INTO credential_changes (version, token_hash)
    SELECT version + 1, OLD.token_hash FROM credentials_version;
    INSERT INTO credential_changes (version, token_hash)
    SELECT version + 1, NEW.token_hash FROM credentials_version;
END;
CREATE TRIGGER access_tokens_removed AFTER DELETE ON access_tokens
BEGIN
    INSERT INTO credential_changes (version, token_hash)
    SELECT version + 1, OLD.token_hash FROM credentials_version;
END;

CREATE TRIGGER operators_added AFTER INSERT ON operators
BEGIN
    INSERT INTO credential_changes (version, operator_name)
    SELECT version + 1, NEW.operator_name FROM credentials_version;
END;
CREATE TRIGGER operators_changed AFTER UPDATE ON operators
BEGIN
    INSERT INTO credential_changes (version, operator_name)
    SELECT version + 1, OLD.operator_name FROM credentials_version;
    INSERT INTO credential_changes (version, operator_name)
    SELECT version + 1, NEW.operator_name FROM credentials_version;
END;
CREATE TRIGGER operators_removed AFTER DELETE ON operators
BEGIN
    INSERT INTO credential_changes (version, operator_name)
    SELECT version + 1, OLD.operator_name FROM credentials_version;
END;

CREATE TRIGGER operator_keys_added AFTER INSERT ON operator_keys
BEGIN
    INSERT INTO credential_changes (version, operator_name)
    SELECT version + 1, NEW.operator_name FROM credentials_version;
END;
CREATE TRIGGER operator_keys_changed AFTER UPDATE OF key_hash, operator_name, expires_at ON operator_keys
BEGIN
    INSERT INTO credential_changes (version, operator_name)
    SELECT version + 1, OLD.operator_name FROM credentials_version;
    INSERT INTO credential_changes (version, operator_name)
    SELECT version + 1, NEW.operator_name FROM credentials_version;
END;
CREATE TRIGGER operator_keys_removed AFTER DELETE ON operator_keys
BEGIN
    INSERT INTO credential_changes (version, operator_name)
    SELECT version + 1, OLD.operator_name FROM credentials_version;
END;
