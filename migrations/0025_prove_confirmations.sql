-- An increment follows only from a confirmation that the chain's endpoints have proven, and goes to the provider that they
-- agree on. What is settled was acted on already.
ALTER TABLE reputation.confirmation ADD COLUMN proven_provider bytea CHECK (length(proven_provider) = 20);
COMMENT ON COLUMN reputation.confirmation.proven_provider IS 'for whom the job is, by proof; null: not proven yet';
UPDATE reputation.confirmation c SET proven_provider = j.provider FROM reputation.job j
WHERE c.settled AND j.job_id = c.job_id;
