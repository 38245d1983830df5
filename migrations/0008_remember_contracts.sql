-- A stream's rows are those of some contracts on one chain. The chain was remembered, the contracts were not: with
-- another address in the settings the stream went on at its cursor, and never read what that contract had logged before.
ALTER TABLE chain.cursor
    ADD COLUMN contracts bytea CHECK (length(contracts) > 0 AND length(contracts) % 20 = 0);
COMMENT ON COLUMN chain.cursor.contracts IS
    'addresses of 20 bytes, ascending, one after the other; null: not recorded yet (a stream of before this column)';
