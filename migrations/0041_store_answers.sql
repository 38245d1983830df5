-- Answers to requests with an Idempotency-Key, stored in the transaction of their effect, so that a repetition has none. They
-- may contain tokens that are shown once: an answer is sealed to a key that only the request's token and body give.
CREATE TABLE gateway.stored_answer (
    name       bytea PRIMARY KEY CHECK (octet_length(name) = 32),
    caller     bytea NOT NULL CHECK (octet_length(caller) = 32),
    request    bytea NOT NULL CHECK (octet_length(request) = 32),
    sealed     bytea NOT NULL CHECK (octet_length(sealed) <= 65536),
    kept_until timestamptz NOT NULL
);
COMMENT ON COLUMN gateway.stored_answer.name IS 'SHA-256 of caller, token, operation and key';
COMMENT ON COLUMN gateway.stored_answer.request IS 'SHA-256 of the body';
CREATE INDEX stored_answer_by_caller ON gateway.stored_answer (caller, kept_until);
CREATE INDEX stored_answer_by_age ON gateway.stored_answer (kept_until);
