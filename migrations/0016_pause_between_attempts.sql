-- An attempt that follows a transient failure waits: its row is there, its message leaves when it is due. By the
-- database's clock, so that instances with different clocks agree.
ALTER TABLE dispatch.assignment DROP CONSTRAINT assignment_state_check;
ALTER TABLE dispatch.assignment
    ADD COLUMN due_at timestamptz,
    ADD CONSTRAINT assignment_state_check CHECK (state IN ('waiting', 'out', 'recovered', 'done', 'void')),
    ADD CONSTRAINT assignment_due_check CHECK (state <> 'waiting' OR due_at IS NOT NULL);
CREATE INDEX assignment_waiting ON dispatch.assignment (due_at) WHERE state = 'waiting';
COMMENT ON COLUMN dispatch.assignment.due_at IS 'when a waiting attempt leaves; null: it left at once';
