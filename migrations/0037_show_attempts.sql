-- Attempts of a job, for everybody: when each left and what it is waiting for; the journal has its end. The journal's
-- entries of agents' statuses carry the agent's error code and exit code, each as a member of its own; entries of earlier
-- releases have them in their reason only.
CREATE VIEW api.attempt AS
SELECT a.job_id,
       a.attempt,
       a.provider AS provider_address,
       a.state,
       a.created_at,
       a.due_at,
       a.last_status_at
FROM dispatch.assignment a;

CREATE OR REPLACE VIEW api.job_event AS
SELECT e.id,
       e.job_id,
       e.kind,
       e.at,
       e.attempt,
       e.seq,
       e.block_num,
       e.block_hash,
       e.log_index,
       e.tx_hash AS transaction_hash,
       e.orphaned,
       e.refused_reason,
       e.body ->> 'error_message' AS error_message,
       (e.body ->> 'next_attempt')::bigint AS next_attempt,
       e.body ->> 'output_file_cid' AS output_file_cid,
       (e.body ->> 'amount')::numeric(78, 0) AS amount,
       e.body ->> 'error_code' AS error_code,
       (e.body ->> 'exit_code')::integer AS exit_code
FROM dispatch.job_event e;
