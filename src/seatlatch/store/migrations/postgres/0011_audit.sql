-- The oldest seatlatch that can use this schema: 0.2.0
-- Administrative changes and sign-ins. client_address is personal data: it is erased after some days.
-- details is a JSON object, which never contains a secret or a hash of one.
CREATE TABLE seatlatch.audit (
    audit_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at    timestamptz NOT NULL,
    actor          text COLLATE "C" NOT NULL,
    client_address text,
    request_id     text NOT NULL,
    action         text COLLATE "C" NOT NULL,
    target         text COLLATE "C" NOT NULL,
    details        text NOT NULL
);
CREATE INDEX audit_by_time ON seatlatch.audit (recorded_at, audit_id);
CREATE INDEX audit_by_actor ON seatlatch.audit (actor, recorded_at, audit_id);
CREATE INDEX audit_by_action ON seatlatch.audit (action, recorded_at, audit_id);
CREATE INDEX audit_by_target ON seatlatch.audit (target, recorded_at, audit_id);
CREATE INDEX audit_with_address ON seatlatch.audit (recorded_at) WHERE client_address IS NOT NULL;
