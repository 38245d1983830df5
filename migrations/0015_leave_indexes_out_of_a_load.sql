-- The first history of a chain comes as many rows at once, into empty tables. An index that is built from sorted rows at
-- the end costs a fifth of one that each row is put into, and its cost per row hardly grows with the table (PostgreSQL,
-- "Populating a Database"). So such a load goes without those indexes of the journal and of the jobs that enforce nothing.
-- A unique index stays: it is what keeps a job from being there twice.

CREATE TABLE dispatch.left_out_index (
    name       text PRIMARY KEY,
    definition text NOT NULL,  -- the statement that builds it
    since      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE dispatch.left_out_index IS 'What dispatch.end_load() will build; empty: there is no load';

-- Drops them, when both tables are empty and the indexes are the caller's to drop. How many.
CREATE FUNCTION dispatch.begin_load() RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    left_out CURSOR FOR
        SELECT i.indexrelid::regclass AS name, pg_get_indexdef(i.indexrelid) AS definition
        FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
        WHERE i.indrelid IN ('dispatch.job'::regclass, 'dispatch.job_event'::regclass)
          AND NOT i.indisunique AND i.indpred IS NULL  -- a partial one has none of the new jobs
          AND pg_has_role(t.relowner, 'USAGE');
    dropped integer := 0;
BEGIN
    IF EXISTS (SELECT FROM dispatch.job) OR EXISTS (SELECT FROM dispatch.job_event) THEN
        RETURN 0;
    END IF;
    FOR index IN left_out LOOP
        INSERT INTO dispatch.left_out_index (name, definition) VALUES (index.name::text, index.definition);
        EXECUTE 'DROP INDEX ' || index.name;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

-- Builds what is left out. A later migration that replaces one of these indexes calls this first. How many.
CREATE FUNCTION dispatch.end_load() RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    index record;
    built integer := 0;
BEGIN
    FOR index IN DELETE FROM dispatch.left_out_index RETURNING name, definition LOOP
        EXECUTE index.definition;
        built := built + 1;
    END LOOP;
    RETURN built;
END $$;
