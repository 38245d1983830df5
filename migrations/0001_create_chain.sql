-- What each process knows of the chains: where its streams stand, and what its wallets have sent.
CREATE SCHEMA chain;

-- One row per stream. Every writer moves it by compare-and-set on (number, hash), in the transaction that holds the
-- effects of the blocks it moves over.
CREATE TABLE chain.cursor (
    stream     text PRIMARY KEY CHECK (stream <> ''),
    chain_id   numeric(20, 0) CHECK (chain_id >= 0),
    number     bigint CHECK (number >= 0),
    hash       bytea CHECK (length(hash) = 32),
    timestamp  bigint CHECK (timestamp >= 0),
    boundary   bigint NOT NULL DEFAULT 0 CHECK (boundary >= 0),
    finalized  bigint NOT NULL DEFAULT 0 CHECK (finalized >= 0),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((number IS NULL) = (hash IS NULL))
);
COMMENT ON COLUMN chain.cursor.chain_id IS 'null until the stream has seen its chain';
COMMENT ON COLUMN chain.cursor.number IS 'null until the first batch';
COMMENT ON COLUMN chain.cursor.boundary IS 'blocks up to here fulfil the finality rule of the stream''s owner';

-- Headers that can still be reorganised away, and one below as the anchor of the walk back.
CREATE TABLE chain.header (
    stream      text NOT NULL REFERENCES chain.cursor (stream) ON DELETE CASCADE,
    number      bigint NOT NULL CHECK (number >= 0),
    hash        bytea NOT NULL CHECK (length(hash) = 32),
    parent_hash bytea NOT NULL CHECK (length(parent_hash) = 32),
    timestamp   bigint NOT NULL CHECK (timestamp >= 0),
    PRIMARY KEY (stream, number)
);

-- The lock under which nonces are given out.
CREATE TABLE chain.wallet (
    chain_id   numeric(20, 0) NOT NULL CHECK (chain_id >= 0),
    address    bytea NOT NULL CHECK (length(address) = 20),
    next_nonce bigint CHECK (next_nonce >= 0),
    PRIMARY KEY (chain_id, address)
);
COMMENT ON COLUMN chain.wallet.next_nonce IS 'null: the ledger has given out none yet';

-- One wanted effect on a chain. It keeps its nonce for life, but for a foreign transaction finalized at that nonce.
CREATE TABLE chain.intent (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chain_id    numeric(20, 0) NOT NULL,
    wallet      bytea NOT NULL,
    key         text NOT NULL CHECK (key <> ''),
    recipient   bytea NOT NULL CHECK (length(recipient) = 20),
    value       numeric(78, 0) NOT NULL CHECK (value >= 0),
    data        bytea NOT NULL,
    state       text NOT NULL DEFAULT 'pending'
                CHECK (state IN ('pending', 'parked', 'allocated', 'sent', 'mined', 'done', 'failed')),
    nonce       bigint CHECK (nonce >= 0),
    gas_limit   numeric(20, 0) CHECK (gas_limit >= 0),
    reason      text NOT NULL DEFAULT '',
    mined_tx    bytea CHECK (length(mined_tx) = 32),
    mined_block bigint CHECK (mined_block >= 0),
    mined_hash  bytea CHECK (length(mined_hash) = 32),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (chain_id, wallet) REFERENCES chain.wallet (chain_id, address),
    UNIQUE (chain_id, wallet, key),
    CHECK (state NOT IN ('allocated', 'sent', 'mined') OR nonce IS NOT NULL),
    CHECK (state <> 'mined' OR (mined_tx IS NOT NULL AND mined_block IS NOT NULL AND mined_hash IS NOT NULL))
);
CREATE UNIQUE INDEX intent_nonce ON chain.intent (chain_id, wallet, nonce) WHERE nonce IS NOT NULL;
CREATE INDEX intent_open ON chain.intent (chain_id, wallet, id) WHERE state NOT IN ('done', 'failed');

-- Every signed form of an intent's transaction. At most one of them can be mined: they share a nonce.
CREATE TABLE chain.tx (
    hash             bytea PRIMARY KEY CHECK (length(hash) = 32),
    intent_id        bigint NOT NULL REFERENCES chain.intent (id) ON DELETE CASCADE,
    nonce            bigint NOT NULL CHECK (nonce >= 0),
    raw              bytea NOT NULL CHECK (length(raw) > 0),
    legacy           boolean NOT NULL,
    max_fee          numeric(78, 0) NOT NULL CHECK (max_fee >= 0),
    max_priority_fee numeric(78, 0) NOT NULL CHECK (max_priority_fee >= 0),
    stored_at        timestamptz NOT NULL
);
CREATE INDEX tx_intent ON chain.tx (intent_id);
COMMENT ON COLUMN chain.tx.max_fee IS 'wei per gas; of a legacy transaction: its gas price';
