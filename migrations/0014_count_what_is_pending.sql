-- What is on its way to the chain was counted by looking at every confirmation that ever was. It is either not settled yet,
-- or its intent is open: both are few, and each has an index.
CREATE OR REPLACE VIEW reputation.pending AS
SELECT j.provider, count(*)::bigint AS pending
FROM (
    SELECT c.job_id
    FROM reputation.confirmation c
    WHERE NOT c.settled
      AND NOT EXISTS (SELECT 1 FROM chain.intent t
                      WHERE t.key = 'increment:0x' || encode(c.job_id, 'hex') AND t.state IN ('done', 'failed'))
    UNION
    SELECT decode(substr(t.key, length('increment:0x') + 1), 'hex')
    FROM (SELECT key FROM chain.intent WHERE state IN ('pending', 'parked')
          UNION ALL SELECT key FROM chain.intent WHERE state IN ('allocated', 'sent')
          UNION ALL SELECT key FROM chain.intent WHERE state = 'mined') t
    WHERE t.key LIKE 'increment:0x%'
) o
JOIN reputation.job j ON j.job_id = o.job_id
WHERE NOT EXISTS (SELECT 1 FROM reputation.increment i WHERE i.job_id = o.job_id)
GROUP BY j.provider;
