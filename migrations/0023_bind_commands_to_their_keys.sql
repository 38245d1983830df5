-- A request id is answered again only to the command that it came with first; another one is refused.
ALTER TABLE dispatch.command ADD COLUMN asked bytea CHECK (octet_length(asked) = 32);
COMMENT ON COLUMN dispatch.command.asked IS 'SHA-256 of the command without its id; null: of a release before';
