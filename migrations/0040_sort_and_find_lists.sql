-- Lists by the id of a spec, and nodes by their count. Each offered order has an index.
-- The digest in a spec's CID is the job's id, or the id of the spec that its renter attached.
CREATE VIEW api.attached_spec AS
SELECT a.job_id, a.spec_id FROM dispatch.attached_spec a;

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
       j.log_index,
       coalesce(a.spec_id, j.id) AS spec_id
FROM dispatch.job j
LEFT JOIN dispatch.attached_spec a ON a.job_id = j.id
LEFT JOIN dispatch.spec s ON s.id = coalesce(a.spec_id, j.id);

CREATE INDEX node_by_job_count ON registry.node (job_count, provider);
