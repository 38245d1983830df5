-- Jobs as JobManager (BSC) tells of them, and the work on them. Owner: job-dispatcher.
CREATE SCHEMA dispatch;

CREATE TABLE dispatch.setting (
    name  text PRIMARY KEY,
    value text NOT NULL
);

-- How far the stream of JobManager has come: one row.
CREATE TABLE dispatch.progress (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    head     bigint NOT NULL,
    boundary bigint NOT NULL
);

-- Content-addressed: id = sha256(spec), so nobody can register a false one. Written through api.put_spec.
CREATE TABLE dispatch.spec (
    id         bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    spec       bytea NOT NULL CHECK (octet_length(spec) BETWEEN 2 AND 65536),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- For a job whose id is no digest: the spec that its renter signed for.
CREATE TABLE dispatch.attached_spec (
    job_id      bytea PRIMARY KEY CHECK (octet_length(job_id) = 32),
    spec_id     bytea NOT NULL REFERENCES dispatch.spec (id),
    spec_cid    text NOT NULL,
    signature   text NOT NULL,
    attached_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX attached_spec_by_spec ON dispatch.attached_spec (spec_id);

-- Journal of facts: canonical logs, and what happened to the work. In the order of id.
CREATE TABLE dispatch.job_event (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id         bytea NOT NULL CHECK (octet_length(job_id) = 32),
    kind           text NOT NULL,
    body           jsonb NOT NULL,
    attempt        integer,  -- the attempt that the fact is about
    seq            integer,  -- of a status; with attempt its idempotency key
    block_num      bigint,
    block_hash     bytea CHECK (octet_length(block_hash) = 32),
    log_index      integer,
    tx_hash        bytea CHECK (octet_length(tx_hash) = 32),
    at             timestamptz NOT NULL,
    orphaned       boolean NOT NULL DEFAULT false,
    refused_reason text  -- it came, and changed nothing
);
CREATE UNIQUE INDEX job_event_position ON dispatch.job_event (block_hash, log_index)
    WHERE block_hash IS NOT NULL AND NOT orphaned;
CREATE UNIQUE INDEX job_event_status ON dispatch.job_event (job_id, attempt, seq) WHERE seq IS NOT NULL;
CREATE INDEX job_event_of_job ON dispatch.job_event (job_id, id);
CREATE INDEX job_event_by_block ON dispatch.job_event (block_num) WHERE block_num IS NOT NULL AND NOT orphaned;

-- The fold of the journal, column by column.
CREATE TABLE dispatch.job (
    id                 bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    renter             bytea NOT NULL CHECK (octet_length(renter) = 20),
    provider           bytea NOT NULL CHECK (octet_length(provider) = 20),
    payment            numeric(78, 0) NOT NULL,
    block_num          bigint NOT NULL,
    block_hash         bytea NOT NULL CHECK (octet_length(block_hash) = 32),
    log_index          integer NOT NULL,
    tx_hash            bytea NOT NULL CHECK (octet_length(tx_hash) = 32),
    chain_state        text NOT NULL,
    work_state         text,  -- null: not judged yet
    status             text NOT NULL,
    attempt            integer NOT NULL,  -- highest ever; only rises
    tries              integer NOT NULL,  -- of MAX_ATTEMPTS
    docker_image       text,
    input_file_cid     text,
    output_file_cid    text,
    time_limit_seconds integer,
    error_message      text,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    work_since         timestamptz NOT NULL,  -- of the present work state
    assigned_at        timestamptz,
    running_since      timestamptz,
    completed_at       timestamptz,
    failed_at          timestamptz,
    spec_cid           text NOT NULL,  -- follows from the id: CIDv1, raw, sha2-256
    last_event         bigint NOT NULL
);
CREATE INDEX job_by_age ON dispatch.job (block_num, log_index);
CREATE INDEX job_by_status ON dispatch.job (status, block_num, log_index);
CREATE INDEX job_by_provider ON dispatch.job (provider, block_num, log_index);
CREATE INDEX job_by_renter ON dispatch.job (renter, block_num, log_index);
CREATE INDEX job_unjudged ON dispatch.job (block_num, log_index) WHERE work_state IS NULL AND chain_state = 'created';
CREATE INDEX job_open ON dispatch.job (work_state, provider)
    WHERE work_state IN ('awaiting_spec', 'awaiting_provider', 'assigned', 'accepted', 'running');

-- Each attempt that left. Its progress is a last value, not journalled.
CREATE TABLE dispatch.assignment (
    job_id         bytea NOT NULL CHECK (octet_length(job_id) = 32),
    attempt        integer NOT NULL,
    provider       bytea NOT NULL CHECK (octet_length(provider) = 20),
    state          text NOT NULL CHECK (state IN ('out', 'recovered', 'done', 'void')),
    created_at     timestamptz NOT NULL,
    last_seq       integer NOT NULL DEFAULT 0,
    last_status_at timestamptz,
    PRIMARY KEY (job_id, attempt)
);

-- Signed statuses of jobs that are not judged yet (a rebuilt database reads them before the chain).
CREATE TABLE dispatch.early_status (
    job_id      bytea NOT NULL CHECK (octet_length(job_id) = 32),
    provider    bytea NOT NULL CHECK (octet_length(provider) = 20),
    attempt     integer NOT NULL,
    seq         integer NOT NULL,
    recovering  boolean NOT NULL,
    body        text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, provider, attempt, seq)
);
CREATE INDEX early_status_by_age ON dispatch.early_status (received_at);

-- Answers to jobs.command by the caller's request id: asked again, answered the same.
CREATE TABLE dispatch.command (
    request_id text PRIMARY KEY,
    answer     text NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX command_by_age ON dispatch.command (at);
