-- What leaves for the bus, and what came from it and could not be used.
CREATE SCHEMA bus;

-- Written in the transaction that holds the state it speaks of; a relay publishes it and then deletes the row.
CREATE TABLE bus.outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner      text NOT NULL CHECK (owner <> ''),
    subject    text NOT NULL CHECK (subject <> ''),
    message_id text NOT NULL UNIQUE CHECK (message_id <> ''),
    body       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_owner ON bus.outbox (owner, id);
COMMENT ON TABLE bus.outbox IS
    'The same message_id may come again after its row was published and deleted: consumers are idempotent.';

-- Messages that were refused: malformed, wrongly signed, impossible. For people to read and to redrive.
CREATE TABLE bus.dead_letter (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner   text NOT NULL CHECK (owner <> ''),
    subject text NOT NULL,
    body    bytea NOT NULL CHECK (length(body) <= 1048576),
    reason  text NOT NULL CHECK (reason <> ''),
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dead_letter_owner ON bus.dead_letter (owner, id);
