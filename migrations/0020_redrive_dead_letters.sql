-- Dead letters for operators: to look at, to put back on the bus, to drop.
CREATE VIEW api.dead_letter AS
SELECT d.id, d.owner, d.subject, d.body, d.reason, d.at FROM bus.dead_letter d;

-- Puts a status back where it came from: into the outbox of the service that refused it, whose relay publishes it. The
-- service then takes it from the bus like any other. Returns what was done, or `refused: ` and why not.
CREATE FUNCTION api.redrive_dead_letter(wanted bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    letter bus.dead_letter;
    message text;
BEGIN
    SELECT * INTO letter FROM bus.dead_letter WHERE id = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'refused: no dead letter has this number';
    END IF;
    IF letter.subject !~ '^jobs\.status\.[A-Za-z0-9_-]+$' THEN
        RETURN 'refused: only statuses can be put back; a heartbeat holds for its own moment alone: drop it';
    END IF;
    IF octet_length(letter.body) >= 65536 THEN
        RETURN 'refused: only its first 64 KiB were kept, and no status is that long: drop it';
    END IF;
    BEGIN
        message := convert_from(letter.body, 'UTF8');
    EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
        RETURN 'refused: it is not UTF-8, and would be refused again: drop it';
    END;
    INSERT INTO bus.outbox (owner, subject, message_id, body)
    VALUES (letter.owner, letter.subject, 'redrive:' || letter.id, message);
    DELETE FROM bus.dead_letter WHERE id = letter.id;
    PERFORM pg_notify('lamda_outbox', letter.owner);
    RETURN 'put back on ' || letter.subject;
END
$$;

CREATE FUNCTION api.drop_dead_letter(wanted bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM bus.dead_letter WHERE id = wanted;
    RETURN CASE WHEN FOUND THEN 'dropped' ELSE 'refused: no dead letter has this number' END;
END
$$;
