-- Sign-ins of wallets (EIP-4361), API keys, and what applications attach to a wallet. Only digests of tokens are stored: who
-- reads these tables can use none of them.

-- One key for all gateways of a database: a nonce is proven by it, not stored. Two random UUIDs have 244 random bits.
CREATE TABLE gateway.nonce_key (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    key      bytea NOT NULL CHECK (octet_length(key) = 32)
);
INSERT INTO gateway.nonce_key (key)
VALUES (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

-- Nonces of successful sign-ins, until they are too old to be used again.
CREATE TABLE gateway.used_nonce (
    nonce      bytea PRIMARY KEY CHECK (octet_length(nonce) = 32),
    kept_until timestamptz NOT NULL
);
CREATE INDEX used_nonce_by_age ON gateway.used_nonce (kept_until);

CREATE TABLE gateway.session (
    digest        bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    wallet        bytea NOT NULL CHECK (octet_length(wallet) = 20),
    chain_id      bigint NOT NULL,
    domain        text NOT NULL CHECK (octet_length(domain) <= 300),
    user_agent    text NOT NULL CHECK (octet_length(user_agent) <= 256),
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_activity timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN gateway.session.digest IS 'SHA-256 of the token; its first 8 bytes are the public id';
COMMENT ON COLUMN gateway.session.domain IS 'the application that the wallet signed in to';
CREATE INDEX session_by_wallet ON gateway.session (wallet, created_at);
CREATE INDEX session_by_activity ON gateway.session (last_activity);

CREATE TABLE gateway.api_key (
    digest       bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    wallet       bytea CHECK (octet_length(wallet) = 20),
    name         text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 100),
    scopes       text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 16),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz
);
COMMENT ON COLUMN gateway.api_key.digest IS 'SHA-256 of the key; its first 8 bytes are the public id';
COMMENT ON COLUMN gateway.api_key.wallet IS 'its owner; absent: the operator';
CREATE INDEX api_key_by_wallet ON gateway.api_key (wallet, created_at);
CREATE INDEX api_key_by_expiry ON gateway.api_key (expires_at);
-- The operator's list: its own keys first.
CREATE INDEX api_key_in_list ON gateway.api_key ((wallet IS NOT NULL), created_at DESC, digest);

-- Attributes of a wallet, set by applications with a key of scope profiles:write.
CREATE TABLE gateway.profile (
    wallet         bytea PRIMARY KEY CHECK (octet_length(wallet) = 20),
    nft_tier       text CHECK (octet_length(nft_tier) <= 64),
    pkp_public_key bytea CHECK (octet_length(pkp_public_key) BETWEEN 33 AND 65),
    updated_at     timestamptz NOT NULL DEFAULT now()
);
