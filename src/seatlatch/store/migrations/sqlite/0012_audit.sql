-- The oldest seatlatch that can use this schema: 0.2.0
-- Administrative changes and sign-ins. client_address is personal data: it is erased after some days.
-- details is a JSON object, which never contains a secret or a hash of one.
CREATE TABLE audit (
    audit_id       INTEGER PRIMARY KEY,
    recorded_at    TEXT NOT NULL,
    actor          TEXT NOT NULL,
    client_address TEXT,
    request_id     TEXT NOT NULL,
    action         TEXT NOT NULL,
    target         TEXT NOT NULL,
    details        TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (recorded_at, audit_id);
CREATE INDEX audit_by_actor ON audit (actor, recorded_at, audit_id);
CREATE INDEX audit_by_action ON audit (action, recorded_at, audit_id);
CREATE INDEX audit_by_target ON audit (target, recorded_at, audit_id);
CREATE INDEX audit_with_address ON audit (recorded_at) WHERE client_address IS NOT NULL;
