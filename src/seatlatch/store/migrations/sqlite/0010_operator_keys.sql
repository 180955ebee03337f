-- The oldest seatlatch that can use this schema: 0.2.0
-- An operator has one role and any number of keys. organizations is a JSON array of those that it may
-- see; NULL = all. The keys of 0.1 could do everything that HTTP offered, which is the role box_office.
CREATE TABLE operators_with_roles (
    operator_name TEXT PRIMARY KEY,
    role          TEXT NOT NULL CHECK (role IN ('read', 'support', 'box_office', 'admin')),
    organizations TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE operator_keys (
    key_hash      BLOB PRIMARY KEY,
    operator_name TEXT NOT NULL REFERENCES operators_with_roles,
    created_at    TEXT,
    expires_at    TEXT
        CHECK (expires_at IS NULL OR (expires_at GLOB '????-??-??T??:??:??.??????+00:00'
                                      AND datetime(expires_at) NOT NULL)),
    last_used_at  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_keys_by_operator ON operator_keys (operator_name);

INSERT INTO operators_with_roles SELECT operator_name, 'box_office', NULL FROM operators;
INSERT INTO operator_keys (key_hash, operator_name) SELECT key_hash, operator_name FROM operators;
DROP TABLE operators;
ALTER TABLE operators_with_roles RENAME TO operators;

CREATE TRIGGER operators_added   AFTER INSERT ON operators BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER operators_changed AFTER UPDATE ON operators BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER operators_removed AFTER DELETE ON operators BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER operator_keys_added   AFTER INSERT ON operator_keys BEGIN UPDATE credentials_version SET version = version + 1; END;
-- Not for last_used_at, which servers need not read again.
CREATE TRIGGER operator_keys_changed AFTER UPDATE OF key_hash, operator_name, expires_at ON operator_keys
    BEGIN UPDATE credentials_version SET version = version + 1; END;
CREATE TRIGGER operator_keys_removed AFTER DELETE ON operator_keys BEGIN UPDATE credentials_version SET version = version + 1; END;
