-- A node finds a transaction by block and index for as long as it has the block, and by its hash alone only as long as it keeps
-- an index of hashes (opBNB's default: 6.8 days). The job of an increment is looked up by its place.
ALTER TABLE reputation.increment ADD COLUMN tx_index bigint CHECK (tx_index >= 0);
COMMENT ON COLUMN reputation.increment.tx_index IS 'null: read before this column existed; the transaction is looked up by its hash';
