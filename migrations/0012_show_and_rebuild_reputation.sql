-- Which transaction counts which job, for frontends; and the ledger of increments made anew from the chain, for operators.

-- One row, or none. None: what the chain has counted is not all known (again), and no increment is made or sent. Whoever
-- makes intents locks the row, so that it cannot be taken away under them.
CREATE TABLE reputation.ledger (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    agrees_since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE reputation.ledger IS 'written by the service once its ledger agrees with the chain; deleted by api.rebuild_reputation';

-- A provider's jobs, newest first.
CREATE INDEX job_of_provider ON reputation.job (provider, block_num, job_id);
-- Of all wallets and chains: who asks by key need not know them.
CREATE INDEX intent_by_key ON chain.intent (key);

-- Every confirmed job with what counts it. `final` is what the chain says, whatever the ledger holds.
CREATE VIEW api.reputation_tx AS
SELECT j.provider AS wallet_address, j.job_id, j.block_num,
       CASE WHEN n.tx_hash IS NOT NULL OR i.state = 'done' THEN 'final'
            WHEN i.state IN ('mined', 'failed') THEN i.state
            WHEN f.hash IS NOT NULL THEN 'sent'
            ELSE 'waiting'
       END AS state,
       coalesce(n.tx_hash, i.mined_tx, f.hash) AS transaction_hash,
       coalesce(n.block_num, i.mined_block) AS block,
       CASE WHEN n.tx_hash IS NULL THEN nullif(i.reason, '') END AS reason
FROM reputation.job j
JOIN reputation.confirmation c ON c.job_id = j.job_id
LEFT JOIN LATERAL (
    SELECT x.tx_hash, x.block_num FROM reputation.increment x
    WHERE x.job_id = j.job_id ORDER BY x.block_num, x.log_index LIMIT 1
) n ON true
LEFT JOIN LATERAL (
    SELECT t.id, t.nonce, t.state, t.reason, t.mined_tx, t.mined_block FROM chain.intent t
    WHERE t.key = 'increment:0x' || encode(j.job_id, 'hex') ORDER BY t.id DESC LIMIT 1
) i ON true
LEFT JOIN LATERAL (
    SELECT x.hash FROM chain.tx x
    WHERE x.intent_id = i.id AND x.nonce = i.nonce ORDER BY x.stored_at DESC, x.max_fee DESC LIMIT 1
) f ON true;
COMMENT ON VIEW api.reputation_tx IS 'block_num: where the job was created, on BSC; block: of the transaction, on opBNB';

-- Forgets what was read of NodeReputation, and every intent but those that hold a nonce and are open: their bytes may still
-- be mined. The service reads all of it again and makes intents of what the chain has not counted. Refused, with the
-- reader's name, while an instance reads: the lease is taken for as long as this lasts. What is deleted stands in an order
-- that waits for whoever makes intents, or says that the ledger agrees, before the rest is looked at.
CREATE FUNCTION api.rebuild_reputation(OUT refused text, OUT increments bigint, OUT forgotten bigint, OUT kept bigint,
                                       OUT confirmations bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lease chain.lease;
BEGIN
    SELECT * INTO lease FROM chain.lease WHERE owner = 'reputation';
    IF FOUND AND NOT pg_try_advisory_xact_lock(lease.lock_key) THEN
        refused := 'instance ' || lease.instance || ' reads: stop every instance of lamda-reputation first';
        RETURN;
    END IF;
    DELETE FROM chain.cursor WHERE stream = 'reputation:opbnb';
    DELETE FROM reputation.ledger;
    DELETE FROM reputation.increment;
    GET DIAGNOSTICS increments = ROW_COUNT;
    DELETE FROM chain.intent
    WHERE key LIKE 'increment:0x%' AND (nonce IS NULL OR state IN ('done', 'failed'));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    SELECT count(*) INTO kept FROM chain.intent WHERE key LIKE 'increment:0x%';
    UPDATE reputation.confirmation SET settled = false WHERE settled;
    SELECT count(*) INTO confirmations FROM reputation.confirmation;
END
$$;

-- The same as before, and the order in which intents were made.
CREATE OR REPLACE VIEW api.tx AS
SELECT i.key, i.chain_id, i.wallet, i.state, i.nonce, i.recipient, i.value, i.data, i.gas_limit, i.on_revert, i.wish,
       i.reverts, i.reason, i.paid + i.paid_before AS paid, i.mined_tx, i.mined_block, i.mined_at, i.created_at, i.updated_at,
       coalesce(t.forms, 0) AS forms, t.max_fee, t.hash, t.stored_at, i.id
FROM chain.intent i
LEFT JOIN LATERAL (
    SELECT count(*) OVER () AS forms, x.max_fee, x.hash, x.stored_at
    FROM chain.tx x WHERE x.intent_id = i.id AND x.nonce = i.nonce
    ORDER BY x.stored_at DESC, x.max_fee DESC LIMIT 1
) t ON true;
