-- The oldest seatlatch that can use this schema: 0.1.0
-- The latest rotated refresh token of a family and when it was rotated: within
-- SEATLATCH_REFRESH_REUSE_SECONDS it can be used again. NULL until the first rotation.
ALTER TABLE seatlatch.token_families
    ADD COLUMN previous_refresh_hash bytea,
    ADD COLUMN rotated_at timestamptz CHECK (isfinite(rotated_at)),
    ADD CONSTRAINT previous_refresh_needs_rotation
        CHECK ((previous_refresh_hash IS NULL) = (rotated_at IS NULL));
