-- What other services may read, and the one thing they may write. One release back compatible.
CREATE SCHEMA api;

-- Online: a heartbeat on the bus within node_offline_after; for a node that sends none there (within the last hour),
-- one on chain within ten minutes.
CREATE VIEW api.node AS
SELECT n.provider AS wallet_address,
       n.gpu_model,
       n.vram,
       greatest(n.last_seen, p.last_heartbeat_at) AS last_seen,
       CASE WHEN p.last_heartbeat_at > now() - greatest(s.offline_after, interval '1 hour')
            THEN p.last_heartbeat_at > now() - s.offline_after
            ELSE n.last_seen > now() - interval '10 minutes'
       END AS is_online,
       n.is_registered,
       n.job_count AS total_jobs_completed,
       n.job_count AS reputation_score,
       n.created_at,
       n.updated_at,
       coalesce(p.running, 0) AS running,
       coalesce(p.capacity, 0) AS capacity
FROM registry.node n
CROSS JOIN (SELECT value::interval AS offline_after FROM registry.setting WHERE name = 'node_offline_after') s
LEFT JOIN registry.presence p ON p.provider = n.provider;

CREATE VIEW api.reputation AS
SELECT coalesce(n.provider, p.provider) AS wallet_address,
       coalesce(n.job_count, 0) AS reputation_score,
       coalesce(n.job_count, 0) AS total_jobs_completed,
       coalesce(p.pending, 0) AS pending
FROM registry.node n
FULL JOIN reputation.pending p ON p.provider = n.provider;

CREATE VIEW api.job AS
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
            ELSE greatest(0, coalesce(p.head, j.block_num) - j.block_num + 1)
       END AS confirmations,
       j.tx_hash AS transaction_hash,
       s.spec,
       coalesce(a.spec_cid, j.spec_cid) AS spec_cid,
       j.block_num,
       j.log_index
FROM dispatch.job j
LEFT JOIN dispatch.progress p ON true
LEFT JOIN dispatch.attached_spec a ON a.job_id = j.id
LEFT JOIN dispatch.spec s ON s.id = coalesce(a.spec_id, j.id);

-- Which specs are known already.
CREATE VIEW api.spec AS
SELECT s.id, s.created_at FROM dispatch.spec s;

-- The spec's digest is its id, so that this may be open to every service. The same spec again changes nothing but
-- puts off its expiry.
CREATE FUNCTION api.put_spec(spec bytea) RETURNS bytea
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$
DECLARE
    digest bytea := sha256(spec);
BEGIN
    IF spec IS NULL OR octet_length(spec) NOT BETWEEN 2 AND 65536 THEN
        RAISE EXCEPTION 'a job spec has 2 to 65536 bytes' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO dispatch.spec AS s (id, spec) VALUES (digest, put_spec.spec)
    ON CONFLICT (id) DO UPDATE SET created_at = now() WHERE s.created_at < now() - interval '1 hour';
    PERFORM pg_notify('lamda_spec', encode(digest, 'hex'));
    RETURN digest;
END
$$;
