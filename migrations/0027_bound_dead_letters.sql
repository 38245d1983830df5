-- What strangers send must not fill the database: the letters of one subject, and of one service, are counted
-- before another one is kept.
CREATE INDEX dead_letter_subject ON bus.dead_letter (owner, subject);
-- The same for statuses that wait for their jobs, by provider.
CREATE INDEX early_status_by_provider ON dispatch.early_status (provider);
