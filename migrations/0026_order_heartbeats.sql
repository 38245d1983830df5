-- Heartbeats are numbered by their provider. A number that is not greater than the newest accepted one is a replay, also
-- for a registry or a dispatcher that has just been started.
ALTER TABLE registry.presence ADD COLUMN heartbeat_seq bigint NOT NULL DEFAULT 0 CHECK (heartbeat_seq >= 0);
COMMENT ON COLUMN registry.presence.heartbeat_seq IS
    'seq of the newest heartbeat that was accepted; 0: accepted by a release that did not record it';

CREATE OR REPLACE VIEW api.node AS
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
       coalesce(p.capacity, 0) AS capacity,
       coalesce(p.heartbeat_seq, 0) AS heartbeat_seq
FROM registry.node n
CROSS JOIN (SELECT value::interval AS offline_after FROM registry.setting WHERE name = 'node_offline_after') s
LEFT JOIN registry.presence p ON p.provider = n.provider;
