CREATE SCHEMA reputation;


-- Confirmations that are on their way to the chain, by provider (api.reputation reads it).
CREATE VIEW reputation.pending AS SELECT NULL::bytea AS provider, 0::bigint AS pending WHERE false;
