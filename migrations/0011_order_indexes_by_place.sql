-- Ingestion is paid in index entries: of what PostgreSQL did for a new job, two thirds were the b-trees of its two tables.
-- An entry at a b-tree's right edge costs a fraction of one at a random place, which touches, and at a checkpoint's
-- distance logs, a page of its own; and that grows with the table. So: ascending keys where the question allows, and
-- no index that another one can stand in for.

-- A canonical log's place. One height has one canonical block, so number and index are unique without the hash, and they
-- ascend where the hash was random. In this order the index also serves what is asked by height (the unwind of all above
-- a block, and api.stream_log), which had an index of its own.
DROP INDEX dispatch.job_event_position;
DROP INDEX dispatch.job_event_by_block;
CREATE UNIQUE INDEX job_event_position ON dispatch.job_event (block_num, log_index)
    WHERE block_num IS NOT NULL AND NOT orphaned;

-- A job's journal is asked for whole, by equality, and sorted afterwards (a handful of entries). A hash index keeps four
-- bytes where the b-tree kept the key of 32: a quarter of its size, half of its cost.
DROP INDEX dispatch.job_event_of_job;
CREATE INDEX job_event_of_job ON dispatch.job_event USING hash (job_id);

-- Unjudged is what the public status calls 'created', and job_by_status has those in the same order.
DROP INDEX dispatch.job_unjudged;

-- What stays: job_pkey (random by nature: an id is a digest); job_by_provider and job_by_renter (lists of the API, newest
-- first); job_by_age, job_by_status, job_event_pkey (ascending); job_open, job_event_status (nothing of a new job).
