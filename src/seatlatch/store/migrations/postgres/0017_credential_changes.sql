-- The oldest seatlatch that can use this schema: 0.2.0
-- The latest changes of credentials, so that a server with an earlier version reads only what has changed
-- since. Each change has a version of its own and names the one whose credentials must be read again. Its
-- mark is random: after the restore of a backup the same versions are given out again, with other marks.
CREATE TABLE seatlatch.credential_changes (
    version        bigint PRIMARY KEY,
    mark           text NOT NULL,
    channel_code   text COLLATE "C",
    application_id text COLLATE "C",
    operator_name  text COLLATE "C",
    token_hash     bytea,
    CONSTRAINT names_one
        CHECK (num_nonnulls(channel_code, application_id, operator_name, token_hash) <= 1)
);
INSERT INTO seatlatch.credential_changes (version, mark)
SELECT version, gen_random_uuid() FROM seatlatch.credentials_version;

-- Only the last 2,000 changes are kept: after more, all credentials are read. A few versions are pruned at
-- once, in case some were skipped by hand.
CREATE FUNCTION seatlatch.note_credential_change(
    channel_code text, application_id text, operator_name text, token_hash bytea
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    UPDATE seatlatch.credentials_version SET version = version + 1 RETURNING version INTO changed;
    INSERT INTO seatlatch.credential_changes
    VALUES (changed, gen_random_uuid(), channel_code, application_id, operator_name, token_hash);
    DELETE FROM seatlatch.credential_changes
    WHERE version BETWEEN changed - 2010 AND changed - 2000;
END $$;

-- An update is a change of what the row said before, and of what it says now.
CREATE OR REPLACE FUNCTION seatlatch.credentials_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME IN ('channels', 'grants') THEN
        IF TG_OP <> 'INSERT' THEN
            PERFORM seatlatch.note_credential_change(OLD.channel_code, NULL, NULL, NULL);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM seatlatch.note_credential_change(NEW.channel_code, NULL, NULL, NULL);
        END IF;
    ELSIF TG_TABLE_NAME IN ('applications', 'api_keys') THEN
        IF TG_OP <> 'INSERT' THEN
            PERFORM seatlatch.note_credential_change(NULL, OLD.application_id, NULL, NULL);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM seatlatch.note_credential_change(NULL, NEW.application_id, NULL, NULL);
        END IF;
    ELSIF TG_TABLE_NAME IN ('operators', 'operator_keys') THEN
        IF TG_OP <> 'INSERT' THEN
            PERFORM seatlatch.note_credential_change(NULL, NULL, OLD.operator_name, NULL);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM seatlatch.note_credential_change(NULL, NULL, NEW.operator_name, NULL);
        END IF;
    ELSE
        IF TG_OP <> 'INSERT' THEN
            PERFORM seatlatch.note_credential_change(NULL, NULL, NULL, OLD.token_hash);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM seatlatch.note_credential_change(NULL, NULL, NULL, NEW.token_hash);
        END IF;
    END IF;
    RETURN NULL;
END $$;
