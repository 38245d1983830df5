-- The provider's receipt of a job's run, signed on its own: a client verifies it without this database.
CREATE TABLE dispatch.receipt (
    job_id    bytea PRIMARY KEY CHECK (octet_length(job_id) = 32),
    provider  bytea NOT NULL CHECK (octet_length(provider) = 20),
    document  text NOT NULL CHECK (octet_length(document) <= 16384),  -- receipt, signature, domain, provider, as JSON
    stored_at timestamptz NOT NULL DEFAULT now()
);

CREATE VIEW api.receipt AS
SELECT r.job_id, r.provider, r.document, r.stored_at FROM dispatch.receipt r;
