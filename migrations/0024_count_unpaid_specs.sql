-- What clients have stored of job specs, hour by hour: by client address, by renter, and in all. Specs are free until a
-- job names them, so each hour has a limit.
CREATE TABLE gateway.spec_usage (
    holder text NOT NULL CHECK (octet_length(holder) <= 128),
    hour   timestamptz NOT NULL,
    bytes  bigint NOT NULL,
    PRIMARY KEY (holder, hour)
) WITH (fillfactor = 50);  -- one row is updated by every submission
CREATE INDEX spec_usage_by_hour ON gateway.spec_usage (hour);

-- The specs that are to leave are found without reading all that stay.
CREATE INDEX spec_by_age ON dispatch.spec (created_at);
