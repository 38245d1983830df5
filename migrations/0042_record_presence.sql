-- Changes of nodes' presence, for their history. The registry compares presence_state with the nodes as they are, and
-- writes both tables in one transaction, so that each change has one number.
CREATE TABLE registry.presence_state (
    provider    bytea PRIMARY KEY CHECK (octet_length(provider) = 20),
    state       text NOT NULL CHECK (state IN ('online', 'offline', 'draining', 'full')),
    number      bigint NOT NULL,
    since       timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE registry.presence_state IS 'state after the newest recorded change; absent: never online';
COMMENT ON COLUMN registry.presence_state.number IS 'of the newest change; the first one has 1';
COMMENT ON COLUMN registry.presence_state.recorded_at IS 'start of the transaction that compared; an earlier one changes nothing';

CREATE TABLE registry.presence_change (
    provider       bytea NOT NULL CHECK (octet_length(provider) = 20),
    number         bigint NOT NULL,
    state          text NOT NULL,
    previous_state text NOT NULL,
    reason         text NOT NULL,
    at             timestamptz NOT NULL,
    PRIMARY KEY (provider, number)
);
CREATE INDEX presence_change_by_age ON registry.presence_change (at);

CREATE VIEW api.node_history AS
SELECT c.provider AS wallet_address,
       c.number,
       c.state,
       c.previous_state,
       c.reason,
       c.at
FROM registry.presence_change c;

CREATE VIEW api.node_presence AS
SELECT s.provider AS wallet_address,
       s.state,
       s.number,
       s.since
FROM registry.presence_state s;
