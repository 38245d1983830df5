-- What an intent does when its transaction reverts, what an operator wants of it, and what it cost.
ALTER TABLE chain.intent
    ADD COLUMN on_revert text NOT NULL DEFAULT 'give_up' CHECK (on_revert IN ('give_up', 'retry', 'ask')),
    ADD COLUMN wish text CHECK (wish IN ('bump', 'cancel')),
    ADD COLUMN reverts integer NOT NULL DEFAULT 0,
    ADD COLUMN paid numeric(78, 0) NOT NULL DEFAULT 0 CHECK (paid >= 0),
    ADD COLUMN paid_before numeric(78, 0) NOT NULL DEFAULT 0 CHECK (paid_before >= 0),
    ADD COLUMN mined_at timestamptz;
COMMENT ON COLUMN chain.intent.wish IS 'of an operator; the sender fulfils it, and clears it with the next signed form';
COMMENT ON COLUMN chain.intent.reverts IS 'final ones, each at an earlier nonce';
COMMENT ON COLUMN chain.intent.paid IS 'wei for the gas of mined_tx';
COMMENT ON COLUMN chain.intent.paid_before IS 'the same of what reverted at earlier nonces';
COMMENT ON COLUMN chain.intent.mined_at IS 'when it was noted';
-- For the day's budget.
CREATE INDEX intent_mined_at ON chain.intent (chain_id, wallet, mined_at) WHERE mined_at IS NOT NULL;

ALTER TABLE chain.tx ADD COLUMN cancels boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN chain.tx.cancels IS 'an empty transfer that takes the intent''s place at its nonce';

-- Every intent with what was sent for it.
CREATE VIEW api.tx AS
SELECT i.key, i.chain_id, i.wallet, i.state, i.nonce, i.recipient, i.value, i.data, i.gas_limit, i.on_revert, i.wish,
       i.reverts, i.reason, i.paid + i.paid_before AS paid, i.mined_tx, i.mined_block, i.mined_at, i.created_at, i.updated_at,
       coalesce(t.forms, 0) AS forms, t.max_fee, t.hash, t.stored_at
FROM chain.intent i
LEFT JOIN LATERAL (
    SELECT count(*) OVER () AS forms, x.max_fee, x.hash, x.stored_at
    FROM chain.tx x WHERE x.intent_id = i.id AND x.nonce = i.nonce
    ORDER BY x.stored_at DESC, x.max_fee DESC LIMIT 1
) t ON true;

CREATE VIEW api.tx_form AS
SELECT i.key, i.chain_id, i.wallet, x.nonce, x.hash, x.legacy, x.max_fee, x.max_priority_fee, x.cancels, x.stored_at
FROM chain.tx x JOIN chain.intent i ON i.id = x.intent_id;

CREATE VIEW api.wallet AS
SELECT w.chain_id, w.address, w.next_nonce,
       count(*) FILTER (WHERE i.state IN ('pending', 'parked')) AS waiting,
       count(*) FILTER (WHERE i.state IN ('allocated', 'sent')) AS unmined,
       count(*) FILTER (WHERE i.state = 'mined') AS not_final,
       count(*) FILTER (WHERE i.state = 'failed') AS failed,
       coalesce(sum(i.paid + i.paid_before) FILTER (WHERE i.mined_at >= date_trunc('day', now(), 'UTC')), 0) AS paid_today
FROM chain.wallet w
LEFT JOIN chain.intent i ON i.chain_id = w.chain_id AND i.wallet = w.address
GROUP BY w.chain_id, w.address, w.next_nonce;

-- An operator's word on an intent, by its key: `bump`, `cancel`, or `retry` of a failed one. Returns what it did, or why
-- it did nothing. Only what is asked for is written here: the sender decides.
CREATE FUNCTION api.wish_tx(wanted_key text, wanted text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entry chain.intent;
BEGIN
    IF wanted NOT IN ('bump', 'cancel', 'retry') THEN
        RETURN 'refused: bump, cancel or retry';
    END IF;
    SELECT * INTO entry FROM chain.intent WHERE key = wanted_key FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'refused: no transaction has this key';
    END IF;
    IF wanted = 'retry' THEN
        IF entry.state <> 'failed' THEN
            RETURN 'refused: it is ' || entry.state || ', and only what failed can be tried again';
        END IF;
        UPDATE chain.intent
        SET state = 'pending', nonce = NULL, gas_limit = NULL, mined_tx = NULL, mined_block = NULL, mined_hash = NULL,
            wish = NULL, reverts = 0, updated_at = now()
        WHERE id = entry.id;
        RETURN 'it waits for a new nonce';
    END IF;
    IF entry.state IN ('done', 'failed', 'mined') THEN
        RETURN 'refused: it is ' || entry.state;
    END IF;
    IF wanted = 'bump' AND entry.nonce IS NULL THEN
        RETURN 'refused: it is ' || entry.state || ' and was not sent yet';
    END IF;
    UPDATE chain.intent SET wish = wanted, updated_at = now() WHERE id = entry.id;
    RETURN 'the sender was told';
END
$$;

-- A confirmation is settled once an intent follows from it, or the chain has counted its job: so that those that are due
-- are found without looking at all.
ALTER TABLE reputation.confirmation ADD COLUMN settled boolean NOT NULL DEFAULT false;
CREATE INDEX confirmation_due ON reputation.confirmation (block_num, log_index) WHERE NOT settled;
