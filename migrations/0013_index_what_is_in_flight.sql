-- The sender reads at each pass what waits, by age, and what is in flight, by nonce: an index for each, however many are
-- done. An open intent stands in one of them, as it stood in the one that they replace.
DROP INDEX chain.intent_open;
CREATE INDEX intent_waiting ON chain.intent (chain_id, wallet, id) WHERE state IN ('pending', 'parked');
CREATE INDEX intent_unmined ON chain.intent (chain_id, wallet, nonce) WHERE state IN ('allocated', 'sent');
CREATE INDEX intent_mined ON chain.intent (chain_id, wallet, nonce) WHERE state = 'mined';
