-- What operators see of the streams: their endpoints, the chain's head, which instance reads, the last reorg. But for
-- the reorgs all of it is advice: a stream that finds nothing here learns it again.

-- What a stream has learned of an endpoint. The URL may hold a key and is not stored: only its digest, and what is fit
-- for a log line.
CREATE TABLE chain.endpoint (
    stream       text NOT NULL CHECK (stream <> ''),
    id           bytea NOT NULL CHECK (octet_length(id) = 32),
    name         text NOT NULL,
    state        text NOT NULL CHECK (state IN ('unknown', 'good', 'resting', 'excluded')),
    trouble      text NOT NULL DEFAULT '',
    max_range    bigint NOT NULL DEFAULT 0 CHECK (max_range >= 0),
    answers_logs boolean NOT NULL DEFAULT true,
    head         bigint CHECK (head >= 0),
    head_at      timestamptz,
    noted_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, id)
);
COMMENT ON COLUMN chain.endpoint.id IS 'SHA-256 of the URL';
COMMENT ON COLUMN chain.endpoint.max_range IS 'blocks that one eth_getLogs may span, as learned; 0: not learned yet';
COMMENT ON COLUMN chain.endpoint.answers_logs IS 'false: it refuses eth_getLogs, and is read by receipts';
COMMENT ON COLUMN chain.endpoint.head_at IS 'when it told of its head';

-- The newest block that a stream's endpoints told of. Beside chain.cursor, whose row each commit of the stream locks.
CREATE TABLE chain.head (
    stream   text PRIMARY KEY CHECK (stream <> ''),
    number   bigint NOT NULL CHECK (number >= 0),
    at       timestamptz NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN chain.head.at IS 'the block''s own time';

-- Which instance of a service reads. The lock is the session's (pg_locks); this row says whose session that is, and
-- stays when it ends.
CREATE TABLE chain.lease (
    owner       text PRIMARY KEY CHECK (owner <> ''),
    instance    text NOT NULL,
    lock_key    bigint NOT NULL,
    backend_pid integer NOT NULL,
    since       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN chain.lease.owner IS 'a stream is called <owner>:<chain>';

-- The last reorg of each stream, and how many and how deep they were. Written by the transaction that unwinds.
CREATE TABLE chain.reorg (
    stream    text PRIMARY KEY REFERENCES chain.cursor (stream) ON DELETE CASCADE,
    at        timestamptz NOT NULL DEFAULT now(),
    from_num  bigint NOT NULL CHECK (from_num >= 0),
    from_hash bytea NOT NULL CHECK (octet_length(from_hash) = 32),
    to_num    bigint NOT NULL CHECK (to_num >= 0),
    to_hash   bytea NOT NULL CHECK (octet_length(to_hash) = 32),
    depth     bigint NOT NULL GENERATED ALWAYS AS (from_num - to_num) STORED,
    deepest   bigint NOT NULL,
    total     bigint NOT NULL DEFAULT 1
);
COMMENT ON COLUMN chain.reorg.from_num IS 'the cursor before';
COMMENT ON COLUMN chain.reorg.to_num IS 'the last common block: the cursor after';

CREATE VIEW api.stream AS
SELECT c.stream,
       c.chain_id,
       h.number AS head,
       h.at AS head_at,
       h.noted_at AS head_noted_at,
       c.number AS processed,
       c.hash AS processed_hash,
       to_timestamp(c.timestamp) AS processed_at,
       c.boundary,
       c.finalized,
       c.updated_at,
       l.instance,
       l.since AS instance_since,
       coalesce(l.holds, false) AS instance_active,
       r.at AS reorg_at,
       r.from_num AS reorg_from,
       r.to_num AS reorg_to,
       r.depth AS reorg_depth,
       r.deepest AS reorg_deepest,
       coalesce(r.total, 0) AS reorgs
FROM chain.cursor c
LEFT JOIN chain.head h ON h.stream = c.stream
LEFT JOIN chain.reorg r ON r.stream = c.stream
LEFT JOIN (
    SELECT e.owner, e.instance, e.since,
           EXISTS (SELECT 1 FROM pg_catalog.pg_locks k
                   WHERE k.locktype = 'advisory' AND k.granted AND k.objsubid = 1 AND k.pid = e.backend_pid
                     AND k.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                     AND ((k.classid::bigint << 32) | k.objid::bigint) = e.lock_key) AS holds
    FROM chain.lease e
) l ON l.owner = split_part(c.stream, ':', 1);

-- Those that the stream uses now: an endpoint that was taken out of the list keeps its row for a while, should it return.
CREATE VIEW api.stream_endpoint AS
SELECT e.stream, e.name, e.state, e.trouble, e.max_range, e.answers_logs, e.head, e.head_at, e.noted_at
FROM chain.endpoint e
WHERE e.noted_at >= (SELECT max(noted_at) FROM chain.endpoint n WHERE n.stream = e.stream);

-- The canonical logs that a stream has put into its service's journal: what `lamda chain verify` holds against the chain.
CREATE VIEW api.stream_log AS
SELECT 'dispatcher:bsc' AS stream, e.block_num, e.log_index::bigint AS log_index, e.block_hash, e.tx_hash, e.kind,
       e.job_id AS subject, e.body
FROM dispatch.job_event e
WHERE e.block_num IS NOT NULL AND NOT e.orphaned
UNION ALL
SELECT 'registry:opbnb', e.block_num, e.log_index, e.block_hash, e.tx_hash, e.kind, e.provider, e.body
FROM registry.node_event e
WHERE NOT e.orphaned
UNION ALL
SELECT 'reputation:bsc', c.block_num, c.log_index, c.block_hash, c.tx_hash, 'confirmed', c.job_id,
       '{}'::jsonb
FROM reputation.confirmation c
UNION ALL
SELECT 'reputation:opbnb', i.block_num, i.log_index, i.block_hash, i.tx_hash, 'job_counted', i.provider,
       jsonb_build_object('new_count', i.new_count::text)
FROM reputation.increment i;
