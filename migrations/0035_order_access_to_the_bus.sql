-- Access of providers to a bus with logins by key: which provider has an account there, and which the operator has
-- revoked. An order of the operator is owed until the registry has sent the account to the bus.
CREATE TABLE registry.bus_access (
    provider          bytea PRIMARY KEY CHECK (octet_length(provider) = 20),
    generation        bigint NOT NULL DEFAULT 0 CHECK (generation >= 0),
    revoked           boolean NOT NULL DEFAULT false,
    revoked_at        timestamptz,
    pushed_generation bigint,
    pushed_form       bytea CHECK (octet_length(pushed_form) = 32),
    CHECK (NOT revoked OR revoked_at IS NOT NULL)
);
COMMENT ON TABLE registry.bus_access IS 'accounts of providers on a bus with logins by key';
COMMENT ON COLUMN registry.bus_access.generation IS 'number of orders of the operator; credentials of an earlier one are void';
COMMENT ON COLUMN registry.bus_access.revoked_at IS 'time of the last revocation: credentials issued until then stay void';
COMMENT ON COLUMN registry.bus_access.pushed_generation IS 'generation of the account that the bus has; absent: none was sent';
COMMENT ON COLUMN registry.bus_access.pushed_form IS 'digest of imports and signing keys of the account that the bus has';

CREATE VIEW api.bus_access AS
SELECT provider AS wallet_address,
       revoked,
       revoked_at,
       pushed_generation IS NOT DISTINCT FROM generation AS pushed
FROM registry.bus_access;

-- Orders of the operator. A repeated one changes nothing.
CREATE FUNCTION api.revoke_bus_access(wanted bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO registry.bus_access (provider, generation, revoked, revoked_at) VALUES (wanted, 1, true, now())
    ON CONFLICT (provider) DO UPDATE SET generation = bus_access.generation + 1, revoked = true, revoked_at = now()
    WHERE NOT bus_access.revoked
$$;
CREATE FUNCTION api.allow_bus_access(wanted bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE registry.bus_access SET generation = generation + 1, revoked = false WHERE provider = wanted AND revoked
$$;
