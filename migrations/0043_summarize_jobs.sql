-- Statistics of jobs without reading all jobs. A trigger notes each version of a job that is counted (1) or no longer counted
-- (-1), in the transaction that writes the job, whoever writes it; the dispatcher adds the notes to the summaries in steps, and
-- deletes them in the same transaction. So a summary equals a recount of the jobs as soon as no note is left.
CREATE TABLE dispatch.job_change (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    times      integer NOT NULL,
    renter     bytea NOT NULL,
    provider   bytea NOT NULL,
    payment    numeric(78, 0) NOT NULL,
    status     text NOT NULL,
    work_state text,
    created_at timestamptz NOT NULL,
    work_since timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
COMMENT ON TABLE dispatch.job_change IS 'versions of jobs that the summaries lack';
COMMENT ON COLUMN dispatch.job_change.id IS
    'a version begins to count before it ends to count, so that sums in the order of ids are never negative';

-- The market by hour and by day (UTC). Hours and days of one market are few rows, which stay in few pages.
CREATE TABLE dispatch.market_summary (
    period    text NOT NULL CHECK (period IN ('hour', 'day')),
    starts_at timestamptz NOT NULL,
    timeline  text NOT NULL CHECK (timeline IN ('created', 'finished', 'active')),
    state     text NOT NULL,
    grade     smallint NOT NULL,
    jobs      bigint NOT NULL,
    amount    numeric NOT NULL,
    PRIMARY KEY (period, timeline, starts_at, state, grade)
) WITH (fillfactor = 80);
COMMENT ON COLUMN dispatch.market_summary.timeline IS
    'created: by block time, state is the present status. finished: by the end of the work, state is how it ended. '
    'active: jobs is the number of providers that completed a job';
COMMENT ON COLUMN dispatch.market_summary.grade IS
    'of completed work: time from the block to the completion, at most 2 ^ (grade / 8) seconds; else 0';

-- The same for each provider and each renter, by day.
CREATE TABLE dispatch.address_summary (
    role      text NOT NULL CHECK (role IN ('provider', 'renter')),
    address   bytea NOT NULL CHECK (octet_length(address) = 20),
    timeline  text NOT NULL CHECK (timeline IN ('created', 'finished')),
    starts_at timestamptz NOT NULL,
    state     text NOT NULL,
    grade     smallint NOT NULL,
    jobs      bigint NOT NULL,
    amount    numeric NOT NULL,
    PRIMARY KEY (role, address, timeline, starts_at, state, grade)
) WITH (fillfactor = 80);

-- Completed jobs of each provider, from which the numbers of active providers follow.
CREATE TABLE dispatch.provider_activity (
    period    text NOT NULL CHECK (period IN ('hour', 'day')),
    starts_at timestamptz NOT NULL,
    provider  bytea NOT NULL,
    completed bigint NOT NULL,
    PRIMARY KEY (period, starts_at, provider)
);

CREATE FUNCTION dispatch.note_job_changes() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO dispatch.job_change (times, renter, provider, payment, status, work_state, created_at, work_since)
        SELECT 1, renter, provider, payment, status, work_state, created_at, work_since FROM added;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO dispatch.job_change (times, renter, provider, payment, status, work_state, created_at, work_since)
        SELECT -1, renter, provider, payment, status, work_state, created_at, work_since FROM removed;
    ELSE
        INSERT INTO dispatch.job_change (times, renter, provider, payment, status, work_state, created_at, work_since)
        SELECT sum(times), renter, provider, payment, status, work_state, created_at, work_since
        FROM (SELECT 1 AS times, renter, provider, payment, status, work_state, created_at, work_since FROM added
              UNION ALL
              SELECT -1, renter, provider, payment, status, work_state, created_at, work_since FROM removed) v
        GROUP BY renter, provider, payment, status, work_state, created_at, work_since
        HAVING sum(times) <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER note_added AFTER INSERT ON dispatch.job
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION dispatch.note_job_changes();
CREATE TRIGGER note_removed AFTER DELETE ON dispatch.job
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION dispatch.note_job_changes();
CREATE TRIGGER note_changed AFTER UPDATE ON dispatch.job
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION dispatch.note_job_changes();

-- Without jobs the summaries are empty, too.
CREATE FUNCTION dispatch.empty_summaries() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    TRUNCATE dispatch.job_change, dispatch.market_summary, dispatch.address_summary, dispatch.provider_activity;
    RETURN NULL;
END $$;

CREATE TRIGGER empty_summaries BEFORE TRUNCATE ON dispatch.job
    FOR EACH STATEMENT EXECUTE FUNCTION dispatch.empty_summaries();

-- The jobs of before. The triggers' lock lets no job change until the commit; the summaries are filled in steps.
INSERT INTO dispatch.job_change (times, renter, provider, payment, status, work_state, created_at, work_since)
SELECT 1, renter, provider, payment, status, work_state, created_at, work_since FROM dispatch.job;

CREATE VIEW api.market_summary AS
SELECT s.period, s.starts_at, s.timeline, s.state, s.grade, s.jobs, s.amount
FROM dispatch.market_summary s;

CREATE VIEW api.address_summary AS
SELECT s.role, s.address, s.timeline, s.starts_at, s.state, s.grade, s.jobs, s.amount
FROM dispatch.address_summary s;
