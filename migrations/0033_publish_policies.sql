-- What a provider publishes about itself with its heartbeats: its policy, its resources, and whether it is draining. A last
-- value, like the rest of the presence. A view of its own: lists of nodes do not carry it.
ALTER TABLE registry.presence ADD COLUMN notice jsonb;
COMMENT ON COLUMN registry.presence.notice IS
    'the newest notice whose signature the registry verified; absent: none was published';

CREATE VIEW api.node_notice AS
SELECT provider AS wallet_address,
       notice
FROM registry.presence
WHERE notice IS NOT NULL;
