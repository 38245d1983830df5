-- A provider's public key, recovered from its signed heartbeats: renters seal secrets to it. Its keccak256 ends with the
-- provider's address, so that a reader checks it without trust in this database.
CREATE TABLE registry.node_key (
    provider   bytea PRIMARY KEY CHECK (octet_length(provider) = 20),
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 33)
);

CREATE VIEW api.node_key AS
SELECT k.provider AS wallet_address, k.public_key FROM registry.node_key k;
