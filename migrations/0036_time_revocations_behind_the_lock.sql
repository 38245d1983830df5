-- A revocation waits for the row while credentials are issued. Its time is when it has the row, not when its transaction
-- began: credentials that were issued meanwhile are void, too.
CREATE OR REPLACE FUNCTION api.revoke_bus_access(wanted bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO registry.bus_access (provider, generation, revoked, revoked_at)
    VALUES (wanted, 1, true, clock_timestamp())
    ON CONFLICT (provider) DO UPDATE
    SET generation = bus_access.generation + 1, revoked = true, revoked_at = clock_timestamp()
    WHERE NOT bus_access.revoked
$$;
