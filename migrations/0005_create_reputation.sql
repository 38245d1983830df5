-- What the reputation service knows: which jobs were confirmed on BSC, and which of them the chain has counted.
-- What is on its way stands in chain.intent, key `increment:0x<job id>`.
CREATE SCHEMA reputation;

-- From final JobCreated events: whom a job's confirmation is for.
CREATE TABLE reputation.job (
    job_id    bytea PRIMARY KEY CHECK (length(job_id) = 32),
    provider  bytea NOT NULL CHECK (length(provider) = 20),
    block_num bigint NOT NULL CHECK (block_num >= 0)
);

-- From final JobConfirmed events, from REPUTATION_FROM_BLOCK on. The journal.
CREATE TABLE reputation.confirmation (
    job_id     bytea PRIMARY KEY CHECK (length(job_id) = 32),
    block_num  bigint NOT NULL CHECK (block_num >= 0),
    block_hash bytea NOT NULL CHECK (length(block_hash) = 32),
    log_index  bigint NOT NULL CHECK (log_index >= 0),
    tx_hash    bytea NOT NULL CHECK (length(tx_hash) = 32),
    seen_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX confirmation_order ON reputation.confirmation (block_num, log_index);

-- From final JobCountIncremented events. The job id rides in the transaction's calldata and is looked up after.
CREATE TABLE reputation.increment (
    tx_hash    bytea NOT NULL CHECK (length(tx_hash) = 32),
    log_index  bigint NOT NULL CHECK (log_index >= 0),
    provider   bytea NOT NULL CHECK (length(provider) = 20),
    new_count  numeric(78, 0) NOT NULL CHECK (new_count >= 0),
    block_num  bigint NOT NULL CHECK (block_num >= 0),
    block_hash bytea NOT NULL CHECK (length(block_hash) = 32),
    looked_up  boolean NOT NULL DEFAULT false,
    job_id     bytea CHECK (length(job_id) = 32),
    PRIMARY KEY (tx_hash, log_index),
    CHECK (looked_up OR job_id IS NULL)
);
COMMENT ON COLUMN reputation.increment.job_id IS 'null when looked up: an increment of an earlier system';
CREATE INDEX increment_job ON reputation.increment (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX increment_open ON reputation.increment (block_num) WHERE NOT looked_up;

-- Confirmations that are on their way to the chain, by provider (api.reputation reads it).
CREATE VIEW reputation.pending AS
SELECT j.provider, count(*)::bigint AS pending
FROM reputation.confirmation c
JOIN reputation.job j ON j.job_id = c.job_id
WHERE NOT EXISTS (SELECT 1 FROM reputation.increment i WHERE i.job_id = c.job_id)
  AND NOT EXISTS (SELECT 1 FROM chain.intent t
                  WHERE t.key = 'increment:0x' || encode(c.job_id, 'hex') AND t.state IN ('done', 'failed'))
GROUP BY j.provider;
