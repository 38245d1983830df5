-- A job whose spec is stored and that no block holds yet can be shown: its state is `submitted`.
CREATE OR REPLACE VIEW api.spec AS
SELECT s.id, s.created_at, s.spec FROM dispatch.spec s;

-- Idempotency-Key of POST /api/jobs: which body came with it first, and the salt that its spec was given.
CREATE SCHEMA gateway;
CREATE TABLE gateway.submission_key (
    key        bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    body       bytea NOT NULL CHECK (octet_length(body) = 32),
    salt       bytea NOT NULL CHECK (octet_length(salt) = 32),
    kept_until timestamptz NOT NULL
);
CREATE INDEX submission_key_kept_until ON gateway.submission_key (kept_until);
COMMENT ON COLUMN gateway.submission_key.key IS 'SHA-256: keys have any length and may be secrets';
