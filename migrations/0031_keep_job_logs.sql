-- Output of jobs' containers, as far as it is kept: 1 MiB of an attempt, for LOG_KEEP. Best effort, and apart from all
-- other tables of the dispatcher: nothing waits for it.
CREATE TABLE dispatch.job_log (
    job_id      bytea NOT NULL CHECK (octet_length(job_id) = 32),
    attempt     integer NOT NULL,
    seq         bigint NOT NULL,
    stream      text NOT NULL CHECK (stream IN ('stdout', 'stderr', 'cut')),
    at          timestamptz NOT NULL,
    data        text NOT NULL,
    bytes       integer NOT NULL,
    cut_bytes   bigint NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, attempt, seq) INCLUDE (bytes)
);
COMMENT ON COLUMN dispatch.job_log.bytes IS 'of data; of the row "cut": the limit of an attempt, so that nothing is kept after it';
COMMENT ON COLUMN dispatch.job_log.cut_bytes IS 'of the row "cut", the last one of its attempt: bytes that were not kept';
CREATE INDEX job_log_by_age ON dispatch.job_log (received_at);

CREATE VIEW api.job_log AS
SELECT l.job_id, l.attempt, l.seq, l.stream, l.at, l.data, l.cut_bytes
FROM dispatch.job_log l;
