-- Which nodes live feeds were last told to be online (absent: offline): an event leaves when api.node differs. What holds
-- already is not told again.
CREATE TABLE registry.announced (
    provider  bytea PRIMARY KEY CHECK (octet_length(provider) = 20),
    is_online boolean NOT NULL
);
INSERT INTO registry.announced (provider, is_online)
SELECT wallet_address, true FROM api.node WHERE is_registered AND is_online;
