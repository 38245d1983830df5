-- A job that waits for its provider is told when the provider drains, and when it is back: one journal entry for each change.
-- The row counts the entries, which the fold derives, so that the service sees what the journal says without reading it. Jobs of
-- earlier releases were told nothing: 0.
ALTER TABLE dispatch.job ADD COLUMN drain_notices integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN dispatch.job.drain_notices IS
    'notices about a draining provider since the job waits for it; odd: the provider drains';
CREATE INDEX job_at_draining_provider ON dispatch.job (provider) WHERE drain_notices % 2 = 1;
