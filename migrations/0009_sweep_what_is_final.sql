-- How far each stream's rows were held against a second reading of the chain, and what was found. A stream that has
-- no row here is swept from its start.
CREATE TABLE chain.sweep (
    stream      text PRIMARY KEY REFERENCES chain.cursor (stream) ON DELETE CASCADE,
    since       bigint CHECK (since >= 0),
    upto        bigint CHECK (upto >= since),
    logs        bigint NOT NULL DEFAULT 0,
    repaired    bigint NOT NULL DEFAULT 0,
    repaired_at timestamptz,
    unsettled   bigint NOT NULL DEFAULT 0,
    trouble     text NOT NULL DEFAULT '',
    swept_at    timestamptz,
    CHECK ((since IS NULL) = (upto IS NULL))
);
COMMENT ON COLUMN chain.sweep.since IS 'blocks since … upto were compared';
COMMENT ON COLUMN chain.sweep.logs IS 'compared so far';
COMMENT ON COLUMN chain.sweep.repaired IS 'logs that the rows lacked, had for nothing, or had otherwise';
COMMENT ON COLUMN chain.sweep.unsettled IS 'blocks whose difference is still there: no endpoint proved what is right';
COMMENT ON COLUMN chain.sweep.trouble IS 'of the last unsettled block: why';

CREATE VIEW api.stream_sweep AS
SELECT s.stream, s.since, s.upto, s.logs, s.repaired, s.repaired_at, s.unsettled, s.trouble, s.swept_at
FROM chain.sweep s;
