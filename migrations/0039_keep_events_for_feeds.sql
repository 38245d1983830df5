-- The events of jobs and nodes in one order, for an hour: the durable stream of the gateways' live feeds. A relay moves an
-- event here when the bus has stored it, in the transaction that deletes it from the outbox: each event stands here once.
CREATE TABLE bus.feed_event (
    seq     bigint PRIMARY KEY,
    owner   text NOT NULL CHECK (owner <> ''),
    subject text NOT NULL,
    body    text NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX feed_event_by_age ON bus.feed_event (owner, at);
COMMENT ON COLUMN bus.feed_event.seq IS
    'Without gaps, and in the order of commits: the row of bus.feed_position is locked until the commit';

CREATE TABLE bus.feed_position (
    single   boolean PRIMARY KEY DEFAULT true CHECK (single),
    made_as  uuid NOT NULL DEFAULT gen_random_uuid(),
    last_seq bigint NOT NULL DEFAULT 0
);
INSERT INTO bus.feed_position DEFAULT VALUES;

CREATE VIEW api.feed_event AS
SELECT e.seq, e.subject, e.body
FROM bus.feed_event e;

-- A restored or promoted database may count again from an earlier event: its timeline, or its system identifier, is another
-- one then, and so is the epoch.
CREATE VIEW api.feed_position AS
SELECT left(md5(p.made_as::text || s.system_identifier || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)), 12) AS epoch,
       p.last_seq,
       (SELECT min(e.seq) FROM bus.feed_event e) AS first_seq
FROM bus.feed_position p, pg_control_system() s;
