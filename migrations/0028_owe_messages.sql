-- An acknowledgement of the bus is not durability: a server may lose what it acknowledged. The position of each stream,
-- as far as it was acknowledged, shows it.
CREATE TABLE bus.stream_position (
    owner text NOT NULL,
    stream text NOT NULL,
    created bigint NOT NULL,
    last_sequence bigint NOT NULL CHECK (last_sequence >= 0),
    rolled_back boolean NOT NULL DEFAULT false,
    PRIMARY KEY (owner, stream)
);
COMMENT ON TABLE bus.stream_position IS 'how far each stream was, by what JetStream acknowledged to its owner';
COMMENT ON COLUMN bus.stream_position.created IS 'creation time of the stream, ns since 1970; 0: not read yet';
COMMENT ON COLUMN bus.stream_position.rolled_back IS 'the stream is known to have lost messages, which are still to be restored';

-- A retraction is owed until the agent reports the end of the attempt. Attempts that are void already are left alone: their
-- agents may be of a release that reports nothing.
ALTER TABLE dispatch.assignment
    ADD COLUMN retract_due_at timestamptz,
    ADD COLUMN retract_repeats int NOT NULL DEFAULT 0;
COMMENT ON COLUMN dispatch.assignment.retract_due_at IS 'when the retraction is sent again; null: none is owed';
CREATE INDEX assignment_retraction_owed ON dispatch.assignment (retract_due_at) WHERE retract_due_at IS NOT NULL;
