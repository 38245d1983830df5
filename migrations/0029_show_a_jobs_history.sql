-- The journal of a job, for anybody: each fact with its reason. Its members are listed one by one, so that a later member
-- of `body` is not public by accident.
CREATE VIEW api.job_event AS
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
       (e.body ->> 'amount')::numeric(78, 0) AS amount
FROM dispatch.job_event e;
