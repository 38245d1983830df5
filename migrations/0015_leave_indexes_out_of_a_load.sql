-- The first history of a chain comes as many rows at once, into tables that are empty or small. An index that is built from sorted rows at
-- the end costs a fifth of one that each row is put into, and its cost per row hardly grows with the table (PostgreSQL,
-- "Populating a Database"). So such a load goes without those indexes of the journal and of the jobs that enforce nothing.
-- A unique index stays: it is what keeps a job from being there twice.
--
-- The functions have the rights of the schema's owner: a service's own role needs none to tables or to this list.
-- A later migration that touches one of these indexes, or a column that one is on, calls dispatch.end_load() first.

CREATE TABLE dispatch.left_out_index (
    name       text PRIMARY KEY,  -- with its schema
    definition text NOT NULL,     -- the statement that builds it
    since      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE dispatch.left_out_index IS 'What dispatch.end_load() will build; empty: there is no load';

-- Drops them, while the journal is small: hardly anything is to be built that was there. How many: none where the tables
-- are not the owner's to change, and none while somebody reads them: nobody shall wait for what is only a gain in speed.
CREATE FUNCTION dispatch.begin_load() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
    left_out CURSOR FOR
        SELECT format('%I.%I', 'dispatch', c.relname) AS name, pg_get_indexdef(c.oid) AS definition
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
        WHERE i.indrelid IN ('dispatch.job'::regclass, 'dispatch.job_event'::regclass)
          AND NOT i.indisunique AND NOT i.indisexclusion
          AND i.indpred IS NULL    -- a partial one has none of the new jobs
          AND c.reltablespace = 0  -- the definition would not tell another one
          AND pg_has_role(t.relowner, 'USAGE') AND has_schema_privilege('dispatch', 'CREATE');
    dropped integer := 0;
BEGIN
    IF (SELECT count(*) > 10000 FROM (SELECT FROM dispatch.job_event LIMIT 10001) e) THEN
        RETURN 0;
    END IF;
    BEGIN
        LOCK TABLE dispatch.job_event, dispatch.job IN ACCESS EXCLUSIVE MODE;
    EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN
        RETURN 0;
    END;
    FOR index IN left_out LOOP
        INSERT INTO dispatch.left_out_index (name, definition) VALUES (index.name, index.definition);
        EXECUTE 'DROP INDEX ' || index.name;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

-- How many indexes have been left out for so long.
CREATE FUNCTION dispatch.left_out(lasted interval DEFAULT '0') RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*)::integer FROM dispatch.left_out_index WHERE since <= now() - lasted
$$;

-- Builds what is left out; what somebody has built meanwhile stays as it is. How many.
CREATE FUNCTION dispatch.end_load() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    index record;
    built integer := 0;
BEGIN
    -- In the order in which whoever writes of a job comes to the tables: journal first. Built one after the other without
    -- it, a writer that waits for the second table would hold the first.
    LOCK TABLE dispatch.job_event, dispatch.job IN SHARE MODE;
    FOR index IN DELETE FROM dispatch.left_out_index RETURNING name, definition LOOP
        IF to_regclass(index.name) IS NULL THEN
            EXECUTE index.definition;
            built := built + 1;
        END IF;
    END LOOP;
    RETURN built;
END $$;
