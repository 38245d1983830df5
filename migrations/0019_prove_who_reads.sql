-- An instance of a service compares its settings with what the streams were read from, before it takes a message or gives
-- an answer. Chain and contracts are recorded; the block that a stream was begun at was not.
ALTER TABLE chain.cursor ADD COLUMN start_block bigint CHECK (start_block >= 0);
COMMENT ON COLUMN chain.cursor.start_block IS
    'first block that the stream was to read; null: begun by a release that did not record it';

-- Streams that have begun, for every service: the gateway, which asks no chain, has its chain id from here.
CREATE VIEW api.stream_identity AS
SELECT c.stream, c.chain_id, c.contracts, c.start_block
FROM chain.cursor c
WHERE c.number IS NOT NULL AND c.chain_id IS NOT NULL AND c.contracts IS NOT NULL;
