-- Nodes as NodeReputation (opBNB) tells of them, and their presence on the bus. Owner: node-registry.
CREATE SCHEMA registry;

-- What the views below need to know of the configuration, so that every reader sees the same truth.
CREATE TABLE registry.setting (
    name  text PRIMARY KEY,
    value text NOT NULL
);
INSERT INTO registry.setting (name, value) VALUES ('node_offline_after', '90 seconds');

-- Journal: every canonical log once. Orphaned entries stay, flagged.
CREATE TABLE registry.node_event (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider   bytea CHECK (octet_length(provider) = 20),  -- null: the event is about no node (ownership)
    kind       text NOT NULL CHECK (kind IN ('registered', 'heartbeat', 'job_counted', 'ownership_transferred')),
    body       jsonb NOT NULL,
    block_num  bigint NOT NULL,
    block_hash bytea NOT NULL CHECK (octet_length(block_hash) = 32),
    log_index  integer NOT NULL,
    tx_hash    bytea NOT NULL CHECK (octet_length(tx_hash) = 32),
    at         timestamptz NOT NULL,
    orphaned   boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX node_event_position ON registry.node_event (block_hash, log_index) WHERE NOT orphaned;
CREATE INDEX node_event_of_provider ON registry.node_event (provider, block_num, log_index) WHERE NOT orphaned;
CREATE INDEX node_event_by_block ON registry.node_event (block_num) WHERE NOT orphaned;

-- The fold of the journal; a node without entries has no row.
CREATE TABLE registry.node (
    provider      bytea PRIMARY KEY CHECK (octet_length(provider) = 20),
    is_registered boolean NOT NULL,
    gpu_model     text NOT NULL,
    vram          numeric(78, 0) NOT NULL,
    job_count     numeric(78, 0) NOT NULL,
    last_seen     timestamptz NOT NULL,  -- last registration or heartbeat on chain
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX node_by_age ON registry.node (created_at, provider);

-- Last values, not journalled: what the node itself said on nodes.heartbeat.<provider>.
CREATE TABLE registry.presence (
    provider          bytea PRIMARY KEY CHECK (octet_length(provider) = 20),
    last_heartbeat_at timestamptz NOT NULL,  -- when it arrived: the node's own clock may be wrong
    agent_version     text NOT NULL,
    capacity          integer NOT NULL,
    running           integer NOT NULL
);
