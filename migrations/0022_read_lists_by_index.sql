-- The list of jobs read dispatch.progress by a join. That table has one row and no statistics, so PostgreSQL expected a
-- thousand rows for each job, and started parallel workers for a page of twenty. A scalar subquery is one value.
CREATE OR REPLACE VIEW api.job AS
SELECT j.id,
       j.renter AS renter_address,
       j.provider AS provider_address,
       j.docker_image,
       j.input_file_cid,
       j.output_file_cid,
       j.payment AS payment_amount,
       j.status,
       j.created_at,
       j.updated_at,
       j.assigned_at,
       j.completed_at,
       j.failed_at,
       j.error_message,
       j.attempt,
       j.chain_state,
       j.work_state,
       CASE WHEN j.chain_state = 'absent' THEN 0::bigint
            ELSE greatest(0, coalesce((SELECT p.head FROM dispatch.progress p), j.block_num) - j.block_num + 1)
       END AS confirmations,
       j.tx_hash AS transaction_hash,
       s.spec,
       coalesce(a.spec_cid, j.spec_cid) AS spec_cid,
       j.block_num,
       j.log_index
FROM dispatch.job j
LEFT JOIN dispatch.attached_spec a ON a.job_id = j.id
LEFT JOIN dispatch.spec s ON s.id = coalesce(a.spec_id, j.id);
