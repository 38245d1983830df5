-- Logins of the services and of `lamda` (docs/security.md, "The database"). Run once for each database,
-- as a superuser or as its owner with CREATEROLE:
--
--   psql -d lamda_db -f deploy/postgres/roles.sql
--
-- Then `lamda migrate` with the owner's DATABASE_URL: it creates the schema and grants each role its privileges. Passwords come
-- from the environment (LAMDA_REGISTRY_PASSWORD, LAMDA_DISPATCHER_PASSWORD, LAMDA_REPUTATION_PASSWORD,
-- LAMDA_GATEWAY_PASSWORD, LAMDA_OPERATOR_PASSWORD); an absent one is not changed: \password lamda_gateway sets it.
-- Idempotent.
\set ON_ERROR_STOP on
\set registry `printenv LAMDA_REGISTRY_PASSWORD`
\set dispatcher `printenv LAMDA_DISPATCHER_PASSWORD`
\set reputation `printenv LAMDA_REPUTATION_PASSWORD`
\set gateway `printenv LAMDA_GATEWAY_PASSWORD`
\set operator `printenv LAMDA_OPERATOR_PASSWORD`

BEGIN;

DO $$
DECLARE
    name text;
    excess text;
BEGIN
    FOREACH name IN ARRAY ARRAY['lamda_registry', 'lamda_dispatcher', 'lamda_reputation', 'lamda_gateway', 'lamda_operator'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', name);
        END IF;
        SELECT concat_ws(', ', CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolcreaterole THEN 'createrole' END,
                         CASE WHEN rolcreatedb THEN 'createdb' END, CASE WHEN rolreplication THEN 'replication' END,
                         CASE WHEN rolbypassrls THEN 'bypassrls' END,
                         (SELECT 'member of ' || string_agg(m.roleid::regrole::text, ', ') FROM pg_auth_members m WHERE m.member = r.oid),
                         CASE WHEN EXISTS (SELECT FROM pg_shdepend d WHERE d.refobjid = r.oid AND d.deptype = 'o') THEN 'owner of objects' END)
        INTO excess FROM pg_roles r WHERE rolname = name;
        IF excess <> '' THEN
            RAISE EXCEPTION 'role % has more than a service needs: %', name, excess;
        END IF;
        -- The explicit CONNECT marks the role as one of this database: `lamda migrate` grants to such roles.
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
        IF name <> 'lamda_operator' THEN
            -- Staging tables, and the probe for a full disk that takes writes again.
            EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), name);
        END IF;
    END LOOP;
    -- Before PostgreSQL 15 every role may create tables there.
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    EXECUTE format('GRANT CREATE ON SCHEMA public TO %I',
                   (SELECT rolname FROM pg_roles r JOIN pg_database d ON d.datdba = r.oid WHERE d.datname = current_database()));
END $$;

SELECT format('ALTER ROLE %I PASSWORD %L', name, password)
FROM (VALUES ('lamda_registry', :'registry'), ('lamda_dispatcher', :'dispatcher'), ('lamda_reputation', :'reputation'),
             ('lamda_gateway', :'gateway'), ('lamda_operator', :'operator')) AS given (name, password)
WHERE password <> ''
\gexec

COMMIT;
